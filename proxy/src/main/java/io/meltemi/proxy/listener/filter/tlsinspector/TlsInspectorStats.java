package io.meltemi.proxy.listener.filter.tlsinspector;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;

/** The numbers under {@code tls_inspector.}. */
final class TlsInspectorStats {
  final Counter helloTooLarge;
  final Counter tlsFound;
  final Counter tlsNotFound;
  final Counter alpnFound;
  final Counter alpnNotFound;
  final Counter sniFound;
  final Counter sniNotFound;

  TlsInspectorStats(StatScope scope) {
    helloTooLarge = scope.counter("client_hello_too_large");
    tlsFound = scope.counter("tls_found");
    tlsNotFound = scope.counter("tls_not_found");
    alpnFound = scope.counter("alpn_found");
    alpnNotFound = scope.counter("alpn_not_found");
    sniFound = scope.counter("sni_found");
    sniNotFound = scope.counter("sni_not_found");
  }
}
