package io.meltemi.controlplane.registry;

import java.util.Locale;
import java.util.Set;

/**
 * What a service port speaks, as far as it is declared (Istio's protocol selection).
 *
 * <p>{@link #UNSUPPORTED} means undeclared: the proxy finds out by looking at the first bytes.
 */
public enum Protocol {
  HTTP,
  HTTP_PROXY,
  HTTP2,
  GRPC,
  GRPC_WEB,
  HTTPS,
  TLS,
  TCP,
  UDP,
  MONGO,
  MYSQL,
  REDIS,
  UNSUPPORTED;

  /** Server-speaks-first protocols live on these: SMTP, DNS, MySQL, MongoDB. */
  private static final Set<Integer> WELL_KNOWN_TCP_PORTS = Set.of(25, 53, 3306, 27017);

  /** A protocol by its written name, in any case; unknown names are {@link #UNSUPPORTED}. */
  public static Protocol parse(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "http" -> HTTP;
      case "http_proxy" -> HTTP_PROXY;
      case "http2" -> HTTP2;
      case "grpc" -> GRPC;
      case "grpc-web" -> GRPC_WEB;
      case "https" -> HTTPS;
      case "tls" -> TLS;
      case "tcp" -> TCP;
      case "udp" -> UDP;
      case "mongo" -> MONGO;
      case "mysql" -> MYSQL;
      case "redis" -> REDIS;
      default -> UNSUPPORTED;
    };
  }

  /**
   * The protocol of a Kubernetes Service port: {@code appProtocol} first, else the prefix of the
   * port's name, else TCP for a few well-known ports.
   *
   * @param number the service port
   * @param name the port's name, may be empty
   * @param transport {@code TCP}, {@code UDP} or {@code SCTP}
   * @param appProtocol empty when unset
   */
  public static Protocol ofKubernetesPort(
      int number, String name, String transport, String appProtocol) {
    if (transport.equalsIgnoreCase("UDP")) {
      return UDP;
    }
    switch (appProtocol) {
      case "kubernetes.io/h2c":
        return HTTP2;
      case "kubernetes.io/ws":
        return HTTP;
      case "kubernetes.io/wss":
        return HTTPS;
      default:
        break;
    }
    String written = appProtocol.isEmpty() ? name : appProtocol;
    if (written.regionMatches(true, 0, "grpc-web", 0, "grpc-web".length())) {
      return GRPC_WEB;
    }
    int dash = written.indexOf('-');
    Protocol declared = parse(dash < 0 ? written : written.substring(0, dash));
    return declared == UNSUPPORTED && WELL_KNOWN_TCP_PORTS.contains(number) ? TCP : declared;
  }

  /** Routed as HTTP requests. */
  public boolean isHttp() {
    return switch (this) {
      case HTTP, HTTP_PROXY, HTTP2, GRPC, GRPC_WEB -> true;
      case HTTPS, TLS, TCP, UDP, MONGO, MYSQL, REDIS, UNSUPPORTED -> false;
    };
  }

  /** Spoken as HTTP/2 to the upstream. */
  public boolean isHttp2() {
    return switch (this) {
      case HTTP2, GRPC, GRPC_WEB -> true;
      case HTTP, HTTP_PROXY, HTTPS, TLS, TCP, UDP, MONGO, MYSQL, REDIS, UNSUPPORTED -> false;
    };
  }

  /** Passed through by its TLS server name. */
  public boolean isTls() {
    return this == HTTPS || this == TLS;
  }

  /** Forwarded as bytes; TLS included. */
  public boolean isTcp() {
    return switch (this) {
      case HTTPS, TLS, TCP, MONGO, MYSQL, REDIS -> true;
      case HTTP, HTTP_PROXY, HTTP2, GRPC, GRPC_WEB, UDP, UNSUPPORTED -> false;
    };
  }

  /** Undeclared: the proxy detects HTTP by looking. */
  public boolean isSniffed() {
    return this == UNSUPPORTED;
  }
}
