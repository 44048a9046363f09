"""An HTTPS server of a platform's key set: key_server.py CERTIFICATE KEY FOLDER

Writes its port into FOLDER/port. /jwks is FOLDER/jwks as it is now; /moved leads there; /long is an answer that is too
long; anything else is not found.
"""
import http.server
import os
import ssl
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/jwks':
            with open(os.path.join(sys.argv[3], 'jwks'), 'rb') as keys:
                return self.answer(200, keys.read())
        if self.path == '/moved':
            return self.answer(302, b'', {'Location': '/jwks'})
        if self.path == '/long':
            return self.answer(200, b'{"keys": []}' + b' ' * (2 << 20))
        self.answer(404, b'')

    def answer(self, status, body, fields={}):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # who asked has read enough


server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[4]) if len(sys.argv) > 4 else 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(sys.argv[3], 'port.new'), 'w') as port:
    port.write(str(server.server_port))
os.rename(os.path.join(sys.argv[3], 'port.new'), os.path.join(sys.argv[3], 'port'))
server.serve_forever()
