package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.telemetry.AccessLog;
import java.util.List;

/**
 * A TCP proxy's configuration.
 *
 * @param destinations at least one; their weights at least 1 each
 * @param hashesSource whether consistent hashing goes by the client's IP address
 * @param idleNanos without bytes either way until both connections are closed; 0 for no limit
 * @param durationNanosMax whole life of a downstream connection; 0 for no limit
 * @param connectAttemptsMax at least 1
 */
record TcpProxySettings(
    String statPrefix,
    List<Destination> destinations,
    boolean hashesSource,
    long idleNanos,
    long durationNanosMax,
    int connectAttemptsMax,
    AccessLog accessLog) {
  /** A cluster and its share. */
  record Destination(String cluster, long weight) {}

  TcpProxySettings {
    destinations = List.copyOf(destinations);
    if (destinations.isEmpty() || connectAttemptsMax < 1) {
      throw new IllegalArgumentException(
          "destinations: " + destinations + " attempts: " + connectAttemptsMax);
    }
  }

  /** The cluster for a connection with these random bits. */
  String cluster(long random) {
    if (destinations.size() == 1) {
      return destinations.getFirst().cluster;
    }
    long total = destinations.stream().mapToLong(Destination::weight).sum();
    long point = Long.remainderUnsigned(random, total);
    for (Destination destination : destinations) {
      point -= destination.weight;
      if (point < 0) {
        return destination.cluster;
      }
    }
    return destinations.getLast().cluster;
  }
}
