package io.meltemi.proxy.http;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A client that writes bytes as given and reads responses. */
final class TestClient implements AutoCloseable {
  /** A response as it came, its body unchunked. */
  record Response(String head, String body) {
    int status() {
      return Integer.parseInt(head.substring(9, 12));
    }

    @Nullable String header(String name) {
      for (String line : head.split("\r\n", -1)) {
        if (line.startsWith(name + ": ")) {
          return line.substring(name.length() + 2);
        }
      }
      return null;
    }
  }

  private final Socket socket;
  private final InputStream in;

  TestClient(InetSocketAddress address) throws IOException {
    socket = new Socket(address.getAddress(), address.getPort());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(20_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  TestClient send(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  Response get(String path) throws IOException {
    return send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n").read();
  }

  /** The next response to a request that was not HEAD. */
  Response read() throws IOException {
    String head = TestBackend.readHead(in);
    if (head.isEmpty()) {
      throw new IOException("connection closed");
    }
    int status = Integer.parseInt(head.substring(9, 12));
    if (status < 200 || status == 204 || status == 304) {
      return new Response(head, "");
    }
    boolean framed = head.contains("content-length: ") || head.contains("transfer-encoding: ");
    byte[] body = framed ? TestBackend.readBody(head, in) : in.readAllBytes();
    return new Response(head, new String(body, StandardCharsets.ISO_8859_1));
  }

  /** The next response, which has no body. */
  Response readHead() throws IOException {
    return new Response(TestBackend.readHead(in), "");
  }

  /** Everything up to and with the bytes; null when the connection ends before. */
  @Nullable String readUntil(String wanted) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf(wanted, Math.max(0, text.length() - wanted.length())) < 0) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      text.append((char) b);
    }
    return text.toString();
  }

  boolean isClosedByPeer() throws IOException {
    return in.read() < 0;
  }

  String readAll() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
