package io.meltemi.it.traffic;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** HTTP/1 over one connection, byte by byte as a case wants it (RFC 9112). One thread. */
final class Http1Client implements AutoCloseable {
  static final int BODY_SHOWN_BYTES = 65_536;
  private static final int LINE_BYTES_MAX = 1 << 20;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private boolean reusable = true;

  Http1Client(Socket socket) throws IOException {
    this.socket = socket;
    in = new BufferedInputStream(socket.getInputStream(), 65_536);
    out = socket.getOutputStream();
  }

  InputStream input() {
    return in;
  }

  OutputStream output() {
    return out;
  }

  boolean isReusable() {
    return reusable;
  }

  /** Sends a request in one piece and reads the answer to its end. */
  void exchange(byte[] request, String method, Answer answer) throws IOException {
    reusable = false;
    Thread writer = null;
    if (request.length > 65_536) {
      // a server may answer before it has read everything
      writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      out.write(request);
                      out.flush();
                    } catch (IOException e) {
                      // what came of it is in the answer
                    }
                  });
    } else {
      out.write(request);
      out.flush();
    }
    readHead(answer);
    while (answer.status >= 100 && answer.status < 200 && answer.status != 101) {
      answer.headers.clear();
      readHead(answer);
    }
    if (answer.status != 101) {
      readBody(method, answer);
    }
    if (writer != null) {
      try {
        writer.join(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void readHead(Answer answer) throws IOException {
    String start = line();
    String[] words = start.split(" ", 3);
    if (words.length < 2 || !words[0].startsWith("HTTP/") || !words[1].matches("[0-9]{3}")) {
      throw new IOException("not an HTTP status line: " + start);
    }
    answer.proto = words[0];
    answer.status = Integer.parseInt(words[1]);
    readFields(answer, "");
  }

  private void readFields(Answer answer, String prefix) throws IOException {
    String line;
    while (!(line = line()).isEmpty()) {
      int colon = line.indexOf(':');
      if (colon <= 0) {
        throw new IOException("not a header: " + line);
      }
      answer.header(prefix + line.substring(0, colon), line.substring(colon + 1).strip());
    }
  }

  private void readBody(String method, Answer answer) throws IOException {
    String connection = answer.headers.getOrDefault("connection", "").toLowerCase(Locale.ROOT);
    boolean close =
        connection.contains("close")
            || (answer.proto.equals("HTTP/1.0") && !connection.contains("keep-alive"));
    if (method.equals("HEAD") || answer.status == 204 || answer.status == 304) {
      reusable = !close;
      return;
    }
    Body body = new Body(answer);
    if (answer.headers.getOrDefault("transfer-encoding", "").contains("chunked")) {
      while (true) {
        long size = Long.parseLong(line().split(";", 2)[0].strip(), 16);
        if (size == 0) {
          break;
        }
        body.read(size);
        line();
      }
      readFields(answer, "trailer:");
      reusable = !close;
    } else if (answer.headers.containsKey("content-length")) {
      body.read(Long.parseLong(answer.headers.getOrDefault("content-length", "0")));
      reusable = !close;
    } else {
      body.readAll();
    }
  }

  private final class Body {
    private final Answer answer;
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final byte[] buffer = new byte[16_384];

    Body(Answer answer) {
      this.answer = answer;
    }

    private void take(int read) {
      answer.bodyBytes += read;
      int room = BODY_SHOWN_BYTES - shown.size();
      if (room > 0) {
        shown.write(buffer, 0, Math.min(room, read));
        answer.body = shown.toString(StandardCharsets.UTF_8);
      }
    }

    void read(long bytes) throws IOException {
      long left = bytes;
      while (left > 0) {
        int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read < 0) {
          throw new EOFException("the body ended " + left + " bytes early");
        }
        take(read);
        left -= read;
      }
    }

    void readAll() throws IOException {
      int read;
      while ((read = in.read(buffer)) >= 0) {
        take(read);
      }
    }
  }

  /** A line without its end. */
  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int c = in.read();
      if (c < 0) {
        throw new EOFException(
            line.isEmpty() ? "the connection was closed" : "closed within a line: " + line);
      }
      if (c == '\n') {
        int length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
          line.setLength(length - 1);
        }
        return line.toString();
      }
      line.append((char) c);
      if (line.length() > LINE_BYTES_MAX) {
        throw new IOException("a line without end");
      }
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // it is gone either way
    }
  }
}
