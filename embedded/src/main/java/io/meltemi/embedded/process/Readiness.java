package io.meltemi.embedded.process;

import io.meltemi.common.net.HostPort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How to see whether a process can take traffic.
 *
 * @param addresses all must accept TCP connections; empty means ready at once
 * @param http asked as well, as of a kubelet: status 200 to 399 passes
 * @param period between looks at a ready process; zero means never again
 * @param failuresMax failed looks in a row that make it not ready
 */
public record Readiness(
    List<HostPort> addresses, Optional<HttpGet> http, Duration period, int failuresMax) {
  private static final int CONNECT_MILLIS_MAX = 500;
  private static final int ANSWER_MILLIS_MAX = 1000;

  /** A path to get. */
  public record HttpGet(HostPort address, String path) {}

  public Readiness {
    addresses = List.copyOf(addresses);
  }

  /** Ready once the addresses accept connections, and from then on. */
  public static Readiness accepting(List<HostPort> addresses) {
    return new Readiness(addresses, Optional.empty(), Duration.ZERO, 1);
  }

  /** Looks now; blocks for a second or two at most. */
  boolean passes() {
    return addresses.stream().allMatch(Readiness::accepts)
        && (http.isEmpty() || answers(http.get()));
  }

  private static boolean accepts(HostPort address) {
    try (Socket socket = new Socket()) {
      connect(socket, address);
      return true;
    } catch (IOException _) {
      // not yet
      return false;
    }
  }

  private static boolean answers(HttpGet get) {
    try (Socket socket = new Socket()) {
      connect(socket, get.address());
      socket.setSoTimeout(ANSWER_MILLIS_MAX);
      String request =
          "GET %s HTTP/1.1\r\nhost: %s\r\nuser-agent: kube-probe/1.32\r\nconnection: close\r\n\r\n"
              .formatted(get.path(), get.address());
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      String status = in.readLine();
      return status != null && status.matches("HTTP/1\\.[01] [23]\\d\\d.*");
    } catch (IOException _) {
      // not ready
      return false;
    }
  }

  private static void connect(Socket socket, HostPort address) throws IOException {
    InetAddress host = InetAddress.getAllByName(address.host())[0];
    socket.connect(new InetSocketAddress(host, address.port()), CONNECT_MILLIS_MAX);
  }
}
