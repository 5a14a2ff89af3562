package io.meltemi.it.traffic;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One or more equal requests, as a case writes them.
 *
 * @param terms what is written beside the URL
 */
record Call(URI url, Map<String, Object> terms) {
  private static final List<String> KNOWN =
      List.of(
          "url",
          "method",
          "headers",
          "body",
          "bodySize",
          "chunked",
          "host",
          "connect",
          "via",
          "hbone",
          "h2",
          "http10",
          "raw",
          "count",
          "concurrency",
          "qps",
          "durationMs",
          "timeoutMs",
          "noKeepalive",
          "cookies",
          "ca",
          "cert",
          "key",
          "sni",
          "alpn",
          "tlsVersion",
          "ciphers",
          "schemes",
          "send",
          "readFirst",
          "holdMs",
          "halfClose",
          "rpc",
          "path",
          "trailers");

  static Call of(Object written) {
    Map<String, Object> terms =
        written instanceof Map ? Expectation.map(written) : Map.of("url", written);
    for (String term : terms.keySet()) {
      if (!KNOWN.contains(term)) {
        throw new IllegalArgumentException("unknown in a request: " + term);
      }
    }
    String url = String.valueOf(terms.get("url"));
    return new Call(URI.create(url.replace("|", "%7C").replace("^", "%5E")), terms);
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(terms.get(name)).map(String::valueOf);
  }

  int number(String name, int otherwise) {
    return text(name).map(value -> (int) Double.parseDouble(value)).orElse(otherwise);
  }

  boolean is(String name) {
    return Boolean.TRUE.equals(terms.get(name));
  }

  List<String> texts(String name) {
    return Expectation.list(terms.get(name)).stream().map(String::valueOf).toList();
  }

  String scheme() {
    return url.getScheme();
  }

  boolean secure() {
    return List.of("https", "wss", "tls", "grpcs").contains(scheme());
  }

  int port() {
    if (url.getPort() > 0) {
      return url.getPort();
    }
    return switch (scheme()) {
      case "https", "wss", "grpcs", "tls" -> 443;
      default -> 80;
    };
  }

  /** The authority that is asked for. */
  String authority() {
    return text("host")
        .or(() -> Optional.ofNullable(headers().get("host")).map(List::getFirst))
        .orElse(url.getRawAuthority());
  }

  String target() {
    // a path that is not a URL's, such as one with dots or bars, is written beside it
    String path = text("path").orElse(url.getRawPath());
    String query = url.getRawQuery();
    return (path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
  }

  Map<String, List<String>> headers() {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    Expectation.map(terms.get("headers"))
        .forEach(
            (name, value) ->
                headers.put(name, Expectation.list(value).stream().map(String::valueOf).toList()));
    return headers;
  }

  byte[] body() {
    int size = number("bodySize", 0);
    if (size > 0) {
      byte[] bytes = new byte[size];
      java.util.Arrays.fill(bytes, (byte) 'b');
      return bytes;
    }
    return text("body").orElse("").getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  String method() {
    return text("method").orElse("GET");
  }

  /** The messages of a conversation. */
  List<String> messages() {
    return new ArrayList<>(texts("send"));
  }
}
