package io.meltemi.bench.load;

import java.util.List;

/**
 * Where a load goes.
 *
 * @param scheme that of its URL, with or without TLS
 * @param port on 127.0.0.1
 * @param path of each request
 * @param headers {@code name: value}, added to each request
 * @param http2 whether to speak HTTP/2, with prior knowledge where there is no TLS
 */
public record Target(String scheme, int port, String path, List<String> headers, boolean http2) {
  public Target {
    headers = List.copyOf(headers);
  }

  public static Target http(int port) {
    return new Target("http", port, "/", List.of(), false);
  }

  public static Target https(int port) {
    return new Target("https", port, "/", List.of(), false);
  }

  public Target withPath(String value) {
    return new Target(scheme, port, value, headers, http2);
  }

  public Target withHeaders(List<String> value) {
    return new Target(scheme, port, path, value, http2);
  }

  public Target overHttp2() {
    return new Target(scheme, port, path, headers, true);
  }

  public String url() {
    return scheme + "://127.0.0.1:" + port + path;
  }
}
