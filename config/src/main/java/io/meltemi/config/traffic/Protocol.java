package io.meltemi.config.traffic;

import java.util.Locale;

/** The protocol of a port, as Istio names it. */
public enum Protocol {
  GRPC,
  GRPC_WEB,
  HTTP,
  HTTP2,
  HTTPS,
  HTTP_PROXY,
  HBONE,
  MONGO,
  MYSQL,
  REDIS,
  TCP,
  TLS,
  UDP,
  /** Not told, or a word Istio does not know: to be detected from the traffic. */
  UNSUPPORTED;

  /** Reads a protocol word in any case, such as {@code http2} or {@code GRPC-Web}. */
  public static Protocol parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "grpc" -> GRPC;
      case "grpc-web" -> GRPC_WEB;
      case "http" -> HTTP;
      case "http2" -> HTTP2;
      case "https" -> HTTPS;
      case "http_proxy" -> HTTP_PROXY;
      case "hbone" -> HBONE;
      case "mongo" -> MONGO;
      case "mysql" -> MYSQL;
      case "redis" -> REDIS;
      case "tcp" -> TCP;
      case "tls" -> TLS;
      case "udp" -> UDP;
      default -> UNSUPPORTED;
    };
  }

  /** True for plain-text HTTP of any version, gRPC included: routed request by request. */
  public boolean isHttp() {
    return switch (this) {
      case HTTP, HTTP2, GRPC, GRPC_WEB, HTTP_PROXY -> true;
      case HTTPS, HBONE, MONGO, MYSQL, REDIS, TCP, TLS, UDP, UNSUPPORTED -> false;
    };
  }

  /** True for HTTP/2 without TLS. */
  public boolean isHttp2() {
    return this == HTTP2 || this == GRPC || this == GRPC_WEB;
  }

  /** True for byte streams that are not TLS. */
  public boolean isTcp() {
    return switch (this) {
      case TCP, MONGO, MYSQL, REDIS -> true;
      case GRPC, GRPC_WEB, HTTP, HTTP2, HTTPS, HTTP_PROXY, HBONE, TLS, UDP, UNSUPPORTED -> false;
    };
  }

  public boolean isTls() {
    return this == TLS || this == HTTPS;
  }

  public boolean isUnsupported() {
    return this == UNSUPPORTED;
  }
}
