package io.meltemi.proxy.cluster;

import io.meltemi.proxy.header.HeaderName;
import java.util.List;
import java.util.function.Consumer;

/**
 * How a cluster's hosts are asked whether they are well ({@code config.core.v3.HealthCheck}).
 *
 * @param unhealthyThreshold failures in a row that make a host unhealthy, 1 or more
 * @param healthyThreshold successes in a row that make it healthy again, 1 or more
 * @param reuseConnection whether one connection serves several checks
 * @param log where is told what checks find
 */
public record HealthCheck(
    Kind kind,
    Times times,
    Intervals intervals,
    int unhealthyThreshold,
    int healthyThreshold,
    boolean reuseConnection,
    EventLog log) {
  public HealthCheck {
    if (unhealthyThreshold < 1 || healthyThreshold < 1) {
      throw new IllegalArgumentException(
          "thresholds: " + unhealthyThreshold + ", " + healthyThreshold + " (expected: >= 1)");
    }
  }

  /**
   * @param sinks take a line each
   * @param failures whether every failure is told, not the first alone
   * @param successes whether every success is told
   */
  public record EventLog(List<Consumer<String>> sinks, boolean failures, boolean successes) {
    public static final EventLog NONE = new EventLog(List.of(), false, false);

    public EventLog {
      sinks = List.copyOf(sinks);
    }
  }

  /**
   * In nanoseconds.
   *
   * @param initialJitter upper limit of a random pause before the first check
   * @param intervalJitter upper limit of a random time added to every interval
   * @param jitterPercent of the interval, upper limit of another such time
   */
  public record Times(long timeout, long initialJitter, long intervalJitter, int jitterPercent) {}

  /**
   * Times between checks, in nanoseconds.
   *
   * @param usual while the host is healthy
   * @param unhealthy while it is not
   * @param unhealthyEdge while it is on its way to unhealthy
   * @param healthyEdge while it is on its way to healthy
   * @param noTraffic before the cluster had any connection
   * @param noTrafficHealthy likewise, while the host is healthy
   */
  public record Intervals(
      long usual,
      long unhealthy,
      long unhealthyEdge,
      long healthyEdge,
      long noTraffic,
      long noTrafficHealthy) {}

  /** What is asked. */
  public sealed interface Kind {
    /**
     * A request whose status tells.
     *
     * @param host authority of the request; empty for the endpoint's, else the cluster's name
     * @param expected statuses of a healthy host
     * @param retriable statuses that count as a failure on the way to the threshold; any other
     *     makes the host unhealthy at once
     * @param payloads the request's body, and what the answer's body must hold
     */
    record Http(
        String host,
        String path,
        String method,
        boolean http2,
        List<Statuses> expected,
        List<Statuses> retriable,
        List<Header> headers,
        Tcp payloads)
        implements Kind {
      public Http {
        expected = List.copyOf(expected);
        retriable = List.copyOf(retriable);
        headers = List.copyOf(headers);
      }
    }

    /**
     * A connection, and what is said over it: texts whose characters stand for one byte each.
     *
     * @param receive pieces that the answer must hold in this order; empty when to connect is
     *     enough
     */
    record Tcp(String send, List<String> receive) implements Kind {
      public static final Tcp NOTHING = new Tcp("", List.of());

      public Tcp {
        receive = List.copyOf(receive);
      }

      /** Whether every piece has come, each behind the one before. */
      public boolean isAnsweredBy(CharSequence received) {
        String text = received.toString();
        int at = 0;
        for (String piece : receive) {
          int found = text.indexOf(piece, at);
          if (found < 0) {
            return false;
          }
          at = found + piece.length();
        }
        return true;
      }
    }

    /**
     * A call of {@code grpc.health.v1.Health/Check}.
     *
     * @param authority of the call; empty for the endpoint's, else the cluster's name
     */
    record Grpc(String service, String authority, List<Header> headers) implements Kind {
      public Grpc {
        headers = List.copyOf(headers);
      }
    }
  }

  /** A range of statuses, both ends in it. */
  public record Statuses(int from, int to) {
    /** Whether one of the ranges has the status. */
    public static boolean anyHas(List<Statuses> ranges, int status) {
      for (Statuses range : ranges) {
        if (status >= range.from && status <= range.to) {
          return true;
        }
      }
      return false;
    }
  }

  /** A header that a check carries. */
  public record Header(HeaderName name, String value) {}

  /**
   * What an endpoint says of its checks.
   *
   * @param port that is asked instead of the endpoint's; 0 for none
   * @param hostname authority of the request; empty for none
   */
  public record Target(int port, String hostname, boolean disabled) {
    public static final Target DEFAULT = new Target(0, "", false);
  }
}
