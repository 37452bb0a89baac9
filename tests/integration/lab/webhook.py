"""A webhook of the API server in one page: `webhook.py ADDRESS PORT PAIR`, until its standard input ends.

It denies each object that it judges and says where it was reached, and converts by writing that down.
PAIR is a file with its certificate and key.
"""

import json
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review.pop("request")
        here = self.connection.getsockname()[0]
        answer = {"/judge": judged, "/convert": converted}[self.path.partition("?")[0]](request, here)
        body = json.dumps({**review, "response": {"uid": request["uid"], **answer}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def judged(request, here):
    return {"allowed": False, "status": {"message": f"denied at {here}"}}


def converted(request, here):
    wanted = request["desiredAPIVersion"]
    objects = [{**each, "apiVersion": wanted, "converted": here} for each in request["objects"]]
    return {"result": {"status": "Success"}, "convertedObjects": objects}


def main(address, port, pair):
    ThreadingHTTPServer.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = ThreadingHTTPServer((address, int(port)), Webhook)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening", flush=True)  # noqa: T201 - its output is what it is for
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
