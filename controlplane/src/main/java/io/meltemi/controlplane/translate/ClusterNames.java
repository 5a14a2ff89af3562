package io.meltemi.controlplane.translate;

/** Istio's names of clusters, which routes and filter chains refer to. */
public final class ClusterNames {
  /** Takes connections to nowhere. */
  public static final String BLACK_HOLE = "BlackHoleCluster";

  /** Sends connections on to the address that they were made for. */
  public static final String PASSTHROUGH = "PassthroughCluster";

  /** Sends connections on to the port of the workload that they were made for. */
  public static final String INBOUND_PASSTHROUGH = "InboundPassthroughCluster";

  private ClusterNames() {}

  /**
   * {@code outbound|PORT|SUBSET|HOST}.
   *
   * @param subset empty for all endpoints
   */
  public static String outbound(int port, String subset, String host) {
    return "outbound|" + port + '|' + subset + '|' + host;
  }

  /** {@code inbound|PORT||}, by the port of the workload. */
  public static String inbound(int port) {
    return "inbound|" + port + "||";
  }
}
