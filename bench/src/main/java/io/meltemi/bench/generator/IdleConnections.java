package io.meltemi.bench.generator;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Connections that had one request each and then stay idle until standard input ends. Arguments:
 * {@code CONNECTIONS PORT}; prints {@code open} when all are.
 */
public final class IdleConnections {
  private static final int ANSWER_TIMEOUT_MILLIS = 10_000;

  private IdleConnections() {}

  public static void main(String[] arguments) throws IOException {
    int port = Integer.parseInt(arguments[1]);
    byte[] request = HttpGenerator.request(port, "/", List.of());
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        open.add(socket);
        socket.setSoTimeout(ANSWER_TIMEOUT_MILLIS);
        socket.getOutputStream().write(request);
        skipAnswer(socket.getInputStream());
      }
      System.out.println("open");
      System.in.transferTo(OutputStream.nullOutputStream());
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  private static void skipAnswer(InputStream in) throws IOException {
    byte[] bytes = new byte[16 * 1024];
    int read = 0;
    int end = -1;
    while (end < 0 || read < end) {
      int got = in.read(bytes, read, bytes.length - read);
      if (got <= 0) {
        throw new IOException(
            "the connection ended early: "
                + new String(bytes, 0, read, StandardCharsets.ISO_8859_1));
      }
      read += got;
      int head = HttpGenerator.Connection.endOfHead(bytes, 0, read);
      if (head >= 0) {
        end = head + (int) HttpGenerator.Connection.contentLength(bytes, head);
      }
    }
  }
}
