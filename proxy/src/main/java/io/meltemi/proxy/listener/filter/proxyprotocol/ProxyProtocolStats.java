package io.meltemi.proxy.listener.filter.proxyprotocol;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;

/** The numbers under {@code proxy_proto.}. */
final class ProxyProtocolStats {
  final Counter notFoundAllowed;
  final Counter notFoundDisallowed;
  final Version v1;
  final Version v2;

  /** What came of headers of one version. */
  static final class Version {
    final Counter found;
    final Counter disallowed;
    final Counter error;

    private Version(StatScope scope, String name) {
      found = scope.counter("versions." + name + ".found");
      disallowed = scope.counter("versions." + name + ".disallowed");
      error = scope.counter("versions." + name + ".error");
    }
  }

  ProxyProtocolStats(StatScope scope) {
    notFoundAllowed = scope.counter("not_found_allowed");
    notFoundDisallowed = scope.counter("not_found_disallowed");
    v1 = new Version(scope, "v1");
    v2 = new Version(scope, "v2");
  }
}
