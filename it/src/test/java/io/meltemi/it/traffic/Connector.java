package io.meltemi.it.traffic;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Connects as an application in a pod does: through the pod's sidecar, when it has one. */
final class Connector implements AutoCloseable {
  private final Map<String, ServerSocket> forwarders = new ConcurrentHashMap<>();
  private final List<Socket> open = new ArrayList<>();

  /**
   * Where a connection really goes.
   *
   * @param to the address that is dialled
   * @param header the line that goes first, in ASCII; empty for none
   */
  record Path(InetSocketAddress to, String header) {
    byte[] headerBytes() {
      return header.getBytes(StandardCharsets.US_ASCII);
    }

    Socket connect(int timeoutMillis) throws IOException {
      Socket socket = new Socket();
      try {
        socket.setTcpNoDelay(true);
        socket.connect(to, timeoutMillis);
        socket.setSoTimeout(timeoutMillis);
        socket.getOutputStream().write(headerBytes());
        return socket;
      } catch (IOException e) {
        socket.close();
        throw e;
      }
    }
  }

  /** A local address whose connections take the path, for clients that bring their own sockets. */
  InetSocketAddress forwarder(String key, Path path) throws IOException {
    ServerSocket server = forwarders.get(key);
    if (server == null) {
      ServerSocket fresh = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      forwarders.put(key, fresh);
      Thread.ofVirtual().start(() -> accept(fresh, path));
      server = fresh;
    }
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void accept(ServerSocket server, Path path) {
    try {
      while (true) {
        Socket outside = server.accept();
        Thread.ofVirtual().start(() -> forward(outside, path));
      }
    } catch (IOException e) {
      // the server was closed: the world ends
    }
  }

  private void forward(Socket outside, Path path) {
    try (outside;
        Socket inside = path.connect(10_000)) {
      inside.setSoTimeout(0);
      synchronized (open) {
        open.add(inside);
        open.add(outside);
      }
      Thread back = Thread.ofVirtual().start(() -> copy(inside, outside));
      copy(outside, inside);
      back.join();
    } catch (IOException e) {
      // either side went away, and the other learns it by the close
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(Socket from, Socket to) {
    byte[] buffer = new byte[16_384];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int read;
      while ((read = in.read(buffer)) >= 0) {
        out.write(buffer, 0, read);
      }
      to.shutdownOutput();
    } catch (IOException e) {
      closeBoth(from, to);
    }
  }

  private static void closeBoth(Socket from, Socket to) {
    for (Socket socket : List.of(from, to)) {
      try {
        socket.close();
      } catch (IOException e) {
        // it is closed already
      }
    }
  }

  @Override
  public void close() {
    for (ServerSocket server : forwarders.values()) {
      try {
        server.close();
      } catch (IOException e) {
        // it is closed already
      }
    }
    synchronized (open) {
      for (Socket socket : open) {
        closeBoth(socket, socket);
      }
    }
  }
}
