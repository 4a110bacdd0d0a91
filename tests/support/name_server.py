"""A DNS server for tests: real packets over UDP and TCP, answers from records that a test sets."""

import socket
import socketserver
import struct
import threading
from contextlib import ExitStack
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "silent"
MOST_ALIASES = 2
PLAIN_UDP = 512  # octets, RFC 1035 section 2.3.4


class NameServer:
    """Listens on one loopback port. ``records`` maps a name to lines such as ``TXT "a" "b"``.

    ``faults`` maps a name to an rcode (``SERVFAIL``, ``REFUSED``) or SILENT. ``asked`` lists the
    questions, each as ``UDP name TYPE``.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self._closers = ExitStack()
        self._is_running = False
        self._lines = self._bind()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._lines[0].server_address[1]}"

    def start(self) -> None:
        """Begin to answer. A second call changes nothing."""
        if not self._is_running:
            for line in self._lines:
                threading.Thread(target=line.serve_forever, daemon=True).start()
                self._closers.callback(line.shutdown)
        self._is_running = True

    def clear(self) -> None:
        self.records.clear()
        self.faults.clear()
        self.asked.clear()

    def txt(self, name: str, *values: str) -> None:
        """Set the TXT records of a name, each of one string."""
        self.records[name] = [f'TXT "{value}"' for value in values]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closers.close()
        for line in self._lines:
            line.server_close()

    def _bind(self) -> list[socketserver.BaseServer]:
        for _ in range(50):
            udp = _Udp(("127.0.0.1", 0), _UdpHandler)
            udp.names = self
            try:
                tcp = _Tcp(udp.server_address, _TcpHandler)
            except OSError:  # this port is taken for TCP
                udp.server_close()
                continue
            tcp.names = self
            return [udp, tcp]
        raise RuntimeError("no port is free for UDP and TCP")

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """Return the answer to a question, or None to send none."""
        query = dns.message.from_wire(wire)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(f"{transport} {name} {dns.rdatatype.to_text(question.rdtype)}")
        response = dns.message.make_response(query, recursion_available=True)
        fault = self.faults.get(name)
        if fault == SILENT:
            return None
        response.set_rcode(dns.rcode.from_text(fault) if fault else self._fill(response, name))
        packet = response.to_wire(max_size=65535)
        most = max(query.payload, PLAIN_UDP) if query.edns >= 0 else PLAIN_UDP
        if transport == "UDP" and len(packet) > most:
            response.answer.clear()
            response.flags |= dns.flags.TC
            packet = response.to_wire()
        return packet

    def _fill(self, response: dns.message.Message, name: str) -> dns.rcode.Rcode:
        """Add the records of the name. Follows a CNAME; a name ``*.…`` matches any first label."""
        lines = self.records.get(name, self.records.get(f"*.{name.partition('.')[2]}"))
        if lines is None:
            return dns.rcode.NXDOMAIN
        wanted = dns.rdatatype.to_text(response.question[0].rdtype)
        for kind in ("CNAME", wanted):
            found = [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]
            if found:
                response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *found))
            if found and kind == "CNAME" and len(response.answer) < MOST_ALIASES:
                return self._fill(response, found[0].rstrip(".").lower())
        return dns.rcode.NOERROR


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    names: NameServer


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    names: NameServer


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, line = self.request
        packet = self.server.names.answer(wire, "UDP")
        if packet is not None:
            line.sendto(packet, self.client_address)


class _TcpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        size = struct.unpack("!H", self._read(2))[0]
        packet = self.server.names.answer(self._read(size), "TCP")
        if packet is not None:
            self.request.sendall(struct.pack("!H", len(packet)) + packet)

    def _read(self, size: int) -> bytes:
        return self.request.recv(size, socket.MSG_WAITALL)
