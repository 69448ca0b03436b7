# shellcheck shell=sh
# Sourced by the scripts that make and push the project's image: the engine, with the attempt's own login only.
# In: TRISTAN_ENGINE, TRISTAN_ENGINE_KIND, TRISTAN_LOGIN (a directory), TRISTAN_TLS_VERIFY (podman's).

# As an option and not as a variable: sudo would drop DOCKER_CONFIG.
client() {
	verb=$1
	shift
	case $TRISTAN_ENGINE_KIND:$verb in
	podman:build)
		# shellcheck disable=SC2086
		$TRISTAN_ENGINE build --authfile "$TRISTAN_LOGIN/auth.json" "$@"
		;;
	podman:*)
		# shellcheck disable=SC2086
		$TRISTAN_ENGINE "$verb" --authfile "$TRISTAN_LOGIN/auth.json" --tls-verify="$TRISTAN_TLS_VERIFY" "$@"
		;;
	*)
		# shellcheck disable=SC2086
		$TRISTAN_ENGINE --config "$TRISTAN_LOGIN" "$verb" "$@"
		;;
	esac
}
