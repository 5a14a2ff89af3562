package io.meltemi.proxy.http;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of gRPC calls by cluster and method: {@code
 * cluster.<cluster>.<protocol>.<service>.<method>.}. Any thread.
 *
 * <p>Differs from Envoy: paths are what clients send, so only so many are counted.
 */
public final class GrpcMethods {
  private static final int METHODS_MAX = 2048;

  private final Stats stats;
  private final String protocol;
  private final Counter overflow;
  private final Map<String, GrpcNumbers> known = new ConcurrentHashMap<>();

  /**
   * @param protocol {@code grpc} or {@code grpc-web}
   */
  public GrpcMethods(Stats stats, String protocol) {
    this.stats = stats;
    this.protocol = protocol;
    this.overflow = stats.scope(protocol + ".").counter("methods_overflow");
  }

  /** The numbers of the call that the headers begin; null when it is not counted. */
  public @Nullable GrpcNumbers of(Cluster cluster, HeaderBlock headers) {
    String path = headers.get(HeaderName.PATH);
    String method = path == null ? "" : method(path);
    if (method.isEmpty()) {
      return null;
    }
    String name = "cluster." + cluster.settings().statName() + "." + protocol + "." + method + ".";
    GrpcNumbers numbers = known.get(name);
    if (numbers != null) {
      return numbers;
    }
    if (known.size() >= METHODS_MAX) {
      overflow.inc();
      return null;
    }
    return known.computeIfAbsent(name, made -> new GrpcNumbers(stats.scope(made)));
  }

  /** {@code service.method} of a path that has two parts; empty for another one. */
  static String method(String path) {
    int end = 0;
    while (end < path.length() && path.charAt(end) != '?' && path.charAt(end) != '#') {
      end++;
    }
    String service = "";
    String name = "";
    int at = 0;
    while (at < end) {
      int slash = at;
      while (slash < end && path.charAt(slash) != '/') {
        slash++;
      }
      if (slash > at) {
        if (!name.isEmpty()) {
          return "";
        }
        if (service.isEmpty()) {
          service = path.substring(at, slash);
        } else {
          name = path.substring(at, slash);
        }
      }
      at = slash + 1;
    }
    return name.isEmpty() ? "" : service + "." + name;
  }
}
