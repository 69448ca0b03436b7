# A configuration file with its references to secrets replaced by their texts, escaped as the file's format wants it.
# In: the file; TRISTAN_SECRETS, a directory of files named as the secrets; the variables
#     format: npmrc, yarn_npmrc (the same file, read by yarn 1), yaml, json, xml (whose references are ${env.NAME}, the others' ${NAME}), properties (which has none);
#     more: words NAME=KEY, of secrets to be added as settings at the end.
# Out: the file's text on stdout; exit status 1 and a line on stderr for a secret that the format can't carry.
# All lines without a reference to a secret stay as they are. Runs in mawk, gawk and busybox, byte by byte (LC_ALL=C).

BEGIN {
	for (i = 1; i < 256; i++)
		code[sprintf("%c", i)] = i
	reference = format == "xml" ? "[$][{]env[.][A-Za-z_][A-Za-z0-9_]*[}]" : "[$][{][A-Za-z_][A-Za-z0-9_]*([?]|:?-[^}]*)?[}]"
}

{
	if (format ~ /npmrc$/ && $0 !~ /^[ \t]*[#;]/ && index($0, "="))
		print npmrc_line($0)
	else if (format == "yaml" && $0 !~ /^[ \t]*#/)
		print yaml_line($0)
	else if (format == "json" || format == "xml")
		print replaced($0, format)
	else
		print
}

END {
	if (failed)
		exit 1
	count = split(more, pairs, " ")
	for (i = 1; i <= count; i++) {
		name = key = pairs[i]
		sub(/=.*/, "", name)
		sub(/^[^=]*=/, "", key)
		if (is_secret(name))
			print added(key, secret(name))
	}
	if (failed)
		exit 1
}

function added(key, text) {
	if (format ~ /npmrc$/) {
		check_npmrc(key)
		return key "=\"" escaped(text, "json") "\""
	}
	if (format == "yaml")
		return key ": \"" escaped(text, "json") "\""
	return key "=" escaped(text, "properties")
}

# --- Secrets -----------------------------------------------------------------------------------------------------

function is_secret(name,   line, path, read) {
	if (name in known)
		return known[name]
	path = ENVIRON["TRISTAN_SECRETS"] "/" name
	while ((read = (getline line < path)) > 0)
		texts[name] = texts[name] line "\n"
	close(path)
	sub(/\n+$/, "", texts[name])
	return known[name] = read == 0
}

function secret(name) {
	if (format != "json" && format != "properties" && index(texts[name], "${"))
		refuse(name, "holds ${, which the tool itself would replace")
	if (format == "xml" && texts[name] ~ /[\001-\010\013\014\016-\037]/)
		refuse(name, "holds a control character, for which XML has no form")
	return texts[name]
}

function refuse(name, why) {
	print "tristan: the secret " name " " why "; choose another one" | "cat >&2"
	failed = 1
}

# The line with each reference to a secret replaced; what is none stays.
function replaced(line, as,   found, name, out) {
	out = ""
	while (match(line, reference)) {
		found = substr(line, RSTART, RLENGTH)
		out = out substr(line, 1, RSTART - 1)
		line = substr(line, RSTART + RLENGTH)
		name = found
		sub(format == "xml" ? "^[$][{]env[.]" : "^[$][{]", "", name)
		sub(/[^A-Za-z0-9_].*$/, "", name)
		out = out (is_secret(name) ? escaped(secret(name), as) : found)
	}
	return out line
}

function mentions(line,   name) {
	while (match(line, reference)) {
		name = substr(line, RSTART + 2)
		sub(/[^A-Za-z0-9_].*$/, "", name)
		if (is_secret(name))
			return 1
		line = substr(line, RSTART + RLENGTH)
	}
	return 0
}

# --- Formats -----------------------------------------------------------------------------------------------------

# What the line means is written anew in double quotes, which carry any text; as npm's ini reads it: in quotes as JSON.
function npmrc_line(line,   key, value) {
	key = value = line
	sub(/=.*/, "", key)
	value = substr(line, length(key) + 2)
	gsub(/^[ \t]+|[ \t\r]+$/, "", value)
	if (!mentions(value))
		return line
	check_npmrc(key)
	if (value ~ /^".*"$/)
		return key "=" replaced(value, "json")
	value = value ~ /^'.*'$/ ? substr(value, 2, length(value) - 2) : npmrc_plain(value)
	return key "=\"" replaced(escaped(value, "json"), "json") "\""
}

# All other settings are handed to each script in its environment, by every tool that reads the file.
function check_npmrc(key) {
	gsub(/^[ \t"']+|[ \t"']+$/, "", key)
	if (key ~ (format == "npmrc" ? "(^|:)_" : ":_"))
		return
	print "tristan: " key " of .npmrc would take a secret into every script's environment; give it to //HOST/:_authToken, :_password or :_auth" | "cat >&2"
	failed = 1
}

# A value without quotes: up to a comment, \; \# and \\ for these three.
function npmrc_plain(value,   i, c, next_one, out) {
	out = ""
	for (i = 1; i <= length(value); i++) {
		c = substr(value, i, 1)
		next_one = substr(value, i + 1, 1)
		if (c == ";" || c == "#")
			break
		if (c == "\\" && next_one != "" && index("\\;#", next_one)) {
			c = next_one
			i++
		}
		out = out c
	}
	sub(/[ \t]+$/, "", out)
	return out
}

# In quotes a reference is replaced in place; a plain scalar becomes one in double quotes.
function yaml_line(line,   head, rest, tail) {
	if (!mentions(line))
		return line
	match(line, /^[ ]*(- +)*/)
	head = substr(line, 1, RLENGTH)
	rest = substr(line, RLENGTH + 1)
	if (match(rest, rest ~ /^["']/ ? "^(\"[^\"]*\"|'[^']*'):[ ]+" : ":[ ]+") && rest !~ /^[\[{]/) {
		head = head substr(rest, 1, RSTART + RLENGTH - 1)
		rest = substr(rest, RSTART + RLENGTH)
	}
	if (rest ~ /^["'\[{]/)
		return head yaml_quoted(rest)
	tail = ""
	if (match(rest, /[ \t]+#.*$|[ \t\r]+$/)) {
		tail = substr(rest, RSTART)
		rest = substr(rest, 1, RSTART - 1)
	}
	return head "\"" replaced(escaped(rest, "json"), "json") "\"" tail
}

# Text in which the quotes open and close: each piece as its quotes want it.
function yaml_quoted(rest,   i, c, quote, piece, out) {
	out = piece = quote = ""
	for (i = 1; i <= length(rest); i++) {
		c = substr(rest, i, 1)
		piece = piece c
		if (quote == "" && (c == "\"" || c == "'")) {
			out = out piece
			piece = ""
			quote = c
		} else if (quote == "\"" && c == "\\") {
			piece = piece substr(rest, ++i, 1)
		} else if (quote == "'" && substr(rest, i, 2) == "''") {
			i++
		} else if (c == quote) {
			out = quote == "'" && mentions(piece) ? doubled(out, piece) : out replaced(piece, "json")
			piece = quote = ""
		}
	}
	return out piece
}

# The text before and a piece of single quotes, which have no escapes, as one of double quotes.
function doubled(before, piece) {
	return substr(before, 1, length(before) - 1) "\"" replaced(escaped(substr(piece, 1, length(piece) - 1), "json"), "json") "\""
}

function escaped(text, as,   i, c, out) {
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (as == "xml")
			out = out xml(c)
		else if (as == "properties" && code[c] > 127) {
			out = out unicode(text, i)
			i += width - 1
		} else if (as == "properties" && i == 1 && c == " ")
			out = out "\\ "
		else
			out = out json(c, as == "json")
	}
	return out
}

function xml(c) {
	if (c ~ /[&<>"'\r]/)
		return "&#" code[c] ";"
	return c
}

function json(c, quotes) {
	if (c == "\\" || (quotes && c == "\""))
		return "\\" c
	if (c == "\n")
		return "\\n"
	return code[c] < 32 ? sprintf("\\u%04x", code[c]) : c
}

# The character of UTF-8 that begins at i, as a .properties file has it; its bytes are counted in width.
function unicode(text, i,   first, number, j) {
	first = code[substr(text, i, 1)]
	width = first >= 240 ? 4 : first >= 224 ? 3 : 2
	number = first % (width == 2 ? 32 : width == 3 ? 16 : 8)
	for (j = 1; j < width; j++)
		number = number * 64 + code[substr(text, i + j, 1)] % 64
	if (number < 65536)
		return sprintf("\\u%04x", number)
	number -= 65536
	return sprintf("\\u%04x\\u%04x", 55296 + int(number / 1024), 56320 + number % 1024)
}
