package io.meltemi.proxy;

import io.meltemi.proxy.testing.StatValues;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A whole proxy over real sockets, and the client that calls its first listener and its admin. */
final class RunningProxy implements AutoCloseable {
  private static final int SECONDS_MAX = 20;
  private final HttpClient client = HttpClient.newHttpClient();
  private final Proxy proxy;
  private volatile int port;

  RunningProxy(Proxy proxy) {
    this.proxy = proxy;
  }

  /** Starts with one worker; what comes by discovery may be missing yet. */
  static RunningProxy start(String yaml) throws ProxyStartException {
    return start(yaml, ProxyEnvironment.ofProcess());
  }

  static RunningProxy start(String yaml, ProxyEnvironment environment) throws ProxyStartException {
    return new RunningProxy(Proxy.start(ProxySettings.ofYaml(yaml, 1), environment));
  }

  /** Surroundings that keep what goes to standard output. */
  static ProxyEnvironment environment(OutputStream stdout) {
    ProxyEnvironment process = ProxyEnvironment.ofProcess();
    return new ProxyEnvironment(
        process.workers(),
        process.adsChannel(),
        process.ticker(),
        1,
        process.tlsEngine(),
        new PrintStream(stdout, true, StandardCharsets.UTF_8),
        System.err);
  }

  /** The same proxy, once all that it waits for has come. */
  RunningProxy awaitReady() throws Exception {
    proxy.ready().get(SECONDS_MAX, TimeUnit.SECONDS);
    return this;
  }

  Proxy proxy() {
    return proxy;
  }

  /** Of the first listener, as it was first seen: a listener that moves must not go unnoticed. */
  int port() {
    if (port == 0) {
      port = proxy.listeners().getFirst().bound().getFirst().getPort();
    }
    return port;
  }

  private int adminPort() {
    return proxy.adminAddress().orElseThrow().getPort();
  }

  /** A connection to the first listener. */
  Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
    socket.setSoTimeout(SECONDS_MAX * 1000);
    return socket;
  }

  /**
   * @param headers names and values in turn
   */
  HttpResponse<String> get(String path, String... headers) throws Exception {
    return send(request(port(), path, headers));
  }

  HttpResponse<String> post(String path, HttpRequest.BodyPublisher body, String... headers)
      throws Exception {
    return send(request(port(), path, headers).POST(body));
  }

  /** With a body by POST, without one by GET. */
  HttpResponse<String> send(String path, String body, String... headers) throws Exception {
    return body.isEmpty()
        ? get(path, headers)
        : post(path, HttpRequest.BodyPublishers.ofString(body), headers);
  }

  HttpResponse<String> admin(String path) throws Exception {
    return send(request(adminPort(), path));
  }

  HttpResponse<String> postAdmin(String path) throws Exception {
    return send(request(adminPort(), path).POST(HttpRequest.BodyPublishers.noBody()));
  }

  private static HttpRequest.Builder request(int port, String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(SECONDS_MAX));
    return headers.length == 0 ? request : request.headers(headers);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** The value of a counter or a gauge by its full name. */
  long stat(String name) {
    return StatValues.of(proxy.stats(), name);
  }

  @Override
  public void close() {
    proxy.close();
    client.close();
  }
}
