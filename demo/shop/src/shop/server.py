"""The price list over HTTP: `shop`, on port $PORT or 8080."""

import http.server
import json
import os
import signal
import sys

from shop import PRICES


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(PRICES).encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    # The first process of a container ends on a signal only if it says so itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8080"))
    server = http.server.ThreadingHTTPServer(("", port), Handler)
    print("listening on port", port, flush=True)
    server.serve_forever()
