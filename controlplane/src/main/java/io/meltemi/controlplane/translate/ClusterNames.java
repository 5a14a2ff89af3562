package io.meltemi.controlplane.translate;

import java.util.Optional;

/** Istio's names of clusters, which routes and filter chains refer to. */
public final class ClusterNames {
  /** Takes connections to nowhere. */
  public static final String BLACK_HOLE = "BlackHoleCluster";

  /** Sends connections on to the address that they were made for. */
  public static final String PASSTHROUGH = "PassthroughCluster";

  /** Sends connections on to the port of the workload that they were made for. */
  public static final String INBOUND_PASSTHROUGH = "InboundPassthroughCluster";

  /** Leads what a waypoint was sent to its listener inside. */
  public static final String MAIN_INTERNAL = "main_internal";

  /** Leads what is for a workload itself to {@link #CONNECT_ORIGINATE}. */
  public static final String ENCAP = "encap";

  /** Makes tunnels (HBONE) to workloads and waypoints. */
  public static final String CONNECT_ORIGINATE = "connect_originate";

  private static final String VIP_PREFIX = "inbound-vip|";
  private static final String PASSED_PREFIX = "outbound_.";
  private static final int OUTBOUND_PARTS = 4;

  private ClusterNames() {}

  /**
   * {@code outbound|PORT|SUBSET|HOST}.
   *
   * @param subset empty for all endpoints
   */
  public static String outbound(int port, String subset, String host) {
    return "outbound|" + port + '|' + subset + '|' + host;
  }

  /**
   * {@code outbound_.PORT_.SUBSET_.HOST}: the same as a server name, and the cluster behind it at a
   * gateway that passes mutual TLS on.
   *
   * @param subset empty for all endpoints
   */
  public static String serverName(int port, String subset, String host) {
    return PASSED_PREFIX + port + "_." + subset + "_." + host;
  }

  /** Whether a cluster's name is the one of a gateway that passes mutual TLS on. */
  public static boolean isPassed(String cluster) {
    return cluster.startsWith(PASSED_PREFIX);
  }

  /** {@code inbound|PORT||}, by the port of the workload. */
  public static String inbound(int port) {
    return "inbound|" + port + "||";
  }

  /**
   * {@code inbound-vip|PORT|KIND/SUBSET|HOST}: a service behind a waypoint.
   *
   * @param kind {@code http} or {@code tcp}
   * @param subset empty for all endpoints
   */
  public static String inboundVip(int port, String kind, String subset, String host) {
    return VIP_PREFIX + port + '|' + kind + (subset.isEmpty() ? "" : '/' + subset) + '|' + host;
  }

  /** Whether a cluster's name is the one of a service behind a waypoint. */
  public static boolean isInboundVip(String cluster) {
    return cluster.startsWith(VIP_PREFIX);
  }

  /** The parts of {@code outbound|PORT|SUBSET|HOST}; subset may be empty. */
  public record Outbound(int port, String subset, String host) {}

  /**
   * The parts of the name of a cluster of a service, in any of its three forms; empty for any other
   * name.
   */
  public static Optional<Outbound> parseOutbound(String name) {
    String[] parts = isPassed(name) ? name.split("_\\.", OUTBOUND_PARTS) : name.split("\\|", -1);
    boolean behindWaypoint = isInboundVip(name);
    if (parts.length != OUTBOUND_PARTS || !(behindWaypoint || parts[0].equals("outbound"))) {
      return Optional.empty();
    }
    String subset = parts[2];
    if (behindWaypoint) {
      int slash = subset.indexOf('/');
      subset = slash < 0 ? "" : subset.substring(slash + 1);
    }
    try {
      return Optional.of(new Outbound(Integer.parseInt(parts[1]), subset, parts[3]));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }
}
