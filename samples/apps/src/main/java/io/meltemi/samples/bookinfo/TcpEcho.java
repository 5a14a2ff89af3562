package io.meltemi.samples.bookinfo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A plain TCP service: answers each line with its version, pod and the line. */
final class TcpEcho implements AutoCloseable {
  private final ServerSocket server;
  private final String prefix;

  private TcpEcho(ServerSocket server, String prefix) {
    this.server = server;
    this.prefix = prefix;
  }

  /**
   * Listens and answers, a virtual thread per connection.
   *
   * @throws IOException when the port is taken
   */
  static TcpEcho start(Environment environment) throws IOException {
    ServerSocket socket =
        new ServerSocket(environment.port(), 0, InetAddress.getByName(environment.listenHost()));
    TcpEcho echo = new TcpEcho(socket, environment.version() + " " + environment.podName() + " ");
    Thread.ofPlatform().name("accept").start(echo::accept);
    System.out.printf("tcp-echo listens on %s:%d%n", environment.listenHost(), echo.port());
    return echo;
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> echo(socket));
      } catch (IOException e) {
        if (!server.isClosed()) {
          System.err.println("accept failed: " + e);
          return;
        }
      }
    }
  }

  private void echo(Socket socket) {
    try (socket;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        OutputStream out = socket.getOutputStream()) {
      socket.setTcpNoDelay(true);
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.write((prefix + line + "\n").getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      System.out.println("connection ended: " + e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
