package io.meltemi.proxy.cluster;

import io.meltemi.proxy.cluster.CircuitBreakers.Thresholds;
import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.codec.Http2Settings;
import io.meltemi.proxy.codec.NameFormat;
import io.meltemi.proxy.header.HeaderName;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/**
 * Everything about a cluster but its hosts.
 *
 * @param statName what stats are named after: {@code alt_stat_name}, or the name
 */
public record ClusterSettings(
    String name,
    String statName,
    Discovery discovery,
    Balancing balancing,
    Connection connection,
    Http http,
    Breakers breakers,
    Traits traits) {

  /** One of the ordinary kind. */
  public ClusterSettings(
      String name,
      String statName,
      Discovery discovery,
      Balancing balancing,
      Connection connection,
      Http http,
      Breakers breakers) {
    this(name, statName, discovery, balancing, connection, http, breakers, Traits.ORDINARY);
  }

  /**
   * What Istio says of a cluster in its metadata.
   *
   * @param alpnOverride whether what is offered by ALPN may tell of the caller's protocol
   * @param external whether its hosts are outside the mesh
   */
  public record Traits(boolean alpnOverride, boolean external) {
    public static final Traits ORDINARY = new Traits(true, false);
  }

  /** How hosts become known. */
  public sealed interface Discovery {
    /** Hosts are written in the cluster. */
    record Static() implements Discovery {}

    /** Hosts come by EDS under that name. */
    record Eds(String serviceName) implements Discovery {}

    /** Names are resolved again and again; every address is a host. */
    record StrictDns(Dns dns) implements Discovery {}

    /** As {@link StrictDns}, but only the first address is used. */
    record LogicalDns(Dns dns) implements Discovery {}

    /**
     * The host is where the client wanted to go.
     *
     * @param portOverride used instead of the client's port, 0 for none
     */
    record OriginalDst(int portOverride, List<String> metadataKey) implements Discovery {
      public OriginalDst {
        metadataKey = List.copyOf(metadataKey);
      }
    }

    /** Requests tell the names. */
    record Dynamic(DynamicDns dns) implements Discovery {}
  }

  /**
   * How names that requests tell are looked up and kept.
   *
   * @param cacheName of the numbers
   * @param hostNanosMax how long a name is kept that nobody asks for
   * @param queryNanosMax for one look-up
   * @param hostsMax names known at once
   * @param pendingMax requests that wait for a name
   */
  public record DynamicDns(
      String cacheName,
      DnsFamily family,
      long refreshNanos,
      long failureRefreshNanos,
      long hostNanosMax,
      long queryNanosMax,
      int hostsMax,
      int pendingMax) {}

  /** Which IP versions a name is resolved to. */
  public enum DnsFamily {
    AUTO,
    V4_ONLY,
    V6_ONLY,
    V4_PREFERRED,
    ALL
  }

  /**
   * @param refreshNanos time between look-ups that succeed
   * @param failureRefreshNanos time until the next look-up after one that failed
   * @param family which addresses are wanted
   */
  public record Dns(
      long refreshNanos, long failureRefreshNanos, boolean respectTtl, DnsFamily family) {}

  /** Load balancing policy. */
  public enum LbPolicy {
    ROUND_ROBIN,
    LEAST_REQUEST,
    RANDOM,
    RING_HASH,
    MAGLEV,
    CLIENT_SIDE_WEIGHTED,
    CLUSTER_PROVIDED
  }

  /**
   * @param choices how many hosts least-request compares
   */
  public record Balancing(
      LbPolicy policy,
      int choices,
      Hashing hashing,
      SlowStart slowStart,
      Panic panic,
      boolean localityWeighted,
      Health health,
      Guidance guidance) {
    public static final Balancing DEFAULT =
        new Balancing(
            LbPolicy.ROUND_ROBIN,
            2,
            Hashing.DEFAULT,
            SlowStart.NONE,
            Panic.DEFAULT,
            false,
            Health.DEFAULT,
            Guidance.NONE);
  }

  /**
   * What requests and hosts themselves say of the choice.
   *
   * @param wanted where requests name hosts, the first that does counts; empty for nowhere
   * @param reports of the policy that goes by them
   */
  public record Guidance(List<HostSource> wanted, LoadReports reports) {
    public static final Guidance NONE = new Guidance(List.of(), LoadReports.DEFAULT);

    public Guidance {
      wanted = List.copyOf(wanted);
    }
  }

  /**
   * How hosts' reports of their load become weights.
   *
   * @param blackoutNanos for how long a host has to report before its weight counts
   * @param expirationNanos after which a report counts no more
   * @param updateNanos between two computations
   * @param errorPenalty what a share of errors adds to how busy a host is
   * @param metrics the greatest of which says how busy a host is
   */
  public record LoadReports(
      long blackoutNanos,
      long expirationNanos,
      long updateNanos,
      double errorPenalty,
      List<String> metrics) {
    public static final LoadReports DEFAULT =
        new LoadReports(10_000_000_000L, 180_000_000_000L, 1_000_000_000L, 1, List.of());

    public LoadReports {
      metrics = List.copyOf(metrics);
    }
  }

  /**
   * What a host's health changes besides who is chosen.
   *
   * @param closesConnections whether a host that becomes unhealthy loses its connections
   * @param ignoresUnchecked whether new hosts count for nothing until their first check
   */
  public record Health(boolean closesConnections, boolean ignoresUnchecked) {
    public static final Health DEFAULT = new Health(false, false);
  }

  /**
   * Of ring hash and Maglev.
   *
   * @param ringSizeMin fewest places on the ring
   * @param ringSizeMax most places on the ring, at least as many
   * @param tableSize of Maglev, a prime number
   * @param useHostname whether hosts are hashed by their names rather than their addresses
   * @param balancePercent of the mean of requests under way that a host may have; 0 for no bound
   */
  public record Hashing(
      Function function,
      long ringSizeMin,
      long ringSizeMax,
      int tableSize,
      boolean useHostname,
      int balancePercent) {
    public static final Hashing DEFAULT =
        new Hashing(Function.XX_HASH, 1024, 8 * 1024 * 1024, 65_537, false, 0);

    /** What a ring's places are hashed by; requests are always hashed by xxHash. */
    public enum Function {
      XX_HASH,
      MURMUR_HASH_2
    }
  }

  /**
   * How hosts are spared at first.
   *
   * @param windowNanos until a host gets its full weight; 0 for no slow start
   * @param aggression above 1 the weight grows fast at first, below 1 slowly
   * @param partMin of its weight that a host has at once, 0 to 1
   */
  public record SlowStart(long windowNanos, double aggression, double partMin) {
    public static final SlowStart NONE = new SlowStart(0, 1, 0.1);

    /** The part of its weight that a host of that age has. */
    public double part(long ageNanos) {
      double time = (double) Math.max(1_000_000, ageNanos) / windowNanos;
      return Math.max(partMin, aggression == 1 ? time : Math.pow(time, 1 / aggression));
    }
  }

  /**
   * When too few hosts are healthy.
   *
   * @param percent below this share of healthy hosts health is ignored
   * @param failsTraffic whether requests fail then, rather than go to any host
   */
  public record Panic(double percent, boolean failsTraffic) {
    public static final Panic DEFAULT = new Panic(50, false);
  }

  /**
   * @param bufferLimitBytes read and write buffer of one connection
   * @param keepalive TCP keep-alive; empty leaves it off
   * @param source address that connections start from; empty leaves it to the system
   * @param preconnect connections that are opened before they are needed
   */
  public record Connection(
      long connectTimeoutNanos,
      int bufferLimitBytes,
      Optional<Keepalive> keepalive,
      Optional<InetSocketAddress> source,
      Preconnect preconnect) {
    public static final Connection DEFAULT =
        new Connection(
            5_000_000_000L, 1 << 20, Optional.empty(), Optional.empty(), Preconnect.NONE);
  }

  /**
   * How many streams there is to be room for, as a multiple of those there are.
   *
   * @param perHost 1 to 3, on one host
   * @param predictive 1 to 3, on those that are to be chosen next
   */
  public record Preconnect(double perHost, double predictive) {
    public static final Preconnect NONE = new Preconnect(1, 1);
  }

  /** TCP keep-alive; 0 leaves a number to the system. */
  public record Keepalive(int probes, int timeSeconds, int intervalSeconds) {}

  /** HTTP version spoken to the hosts. */
  public enum Protocol {
    HTTP1,
    HTTP2,
    /** What each connection's TLS handshake agrees on. */
    AUTO,
    /** The version that the request came in. */
    DOWNSTREAM
  }

  /**
   * @param idleTimeoutNanos how long an unused connection is kept, 0 for ever
   * @param requestsPerConnectionMax 0 for no limit
   * @param connectionDurationNanosMax 0 for no limit
   * @param streamDurationNanosMax of one try, 0 for no limit
   * @param responseHead limits of a response's head, and of its trailers
   * @param spelling of names in HTTP/1
   * @param names what a request's own host decides about the connection
   * @param hashPolicies in place of the route's; empty for the route's
   */
  public record Http(
      Protocol protocol,
      long idleTimeoutNanos,
      int requestsPerConnectionMax,
      long connectionDurationNanosMax,
      long streamDurationNanosMax,
      HeadLimits responseHead,
      NameFormat spelling,
      Http2Settings http2,
      HostNames names,
      List<HashPolicy> hashPolicies) {
    public Http {
      hashPolicies = List.copyOf(hashPolicies);
    }

    public static final Http DEFAULT =
        new Http(
            Protocol.HTTP1,
            3_600_000_000_000L,
            0,
            0,
            0,
            HeadLimits.DEFAULT,
            NameFormat.LOWER_CASE,
            Http2Settings.DEFAULT,
            HostNames.NONE,
            List.of());

    /** The same over another version. */
    public Http withProtocol(Protocol other) {
      return new Http(
          other,
          idleTimeoutNanos,
          requestsPerConnectionMax,
          connectionDurationNanosMax,
          streamDurationNanosMax,
          responseHead,
          spelling,
          http2,
          names,
          hashPolicies);
    }
  }

  /**
   * Whether the host that a request is for is the server name and the name that the certificate
   * must have ({@code core.v3.UpstreamHttpProtocolOptions}).
   *
   * @param header whose value is taken for the host; empty for the authority
   */
  public record HostNames(
      boolean asServerName, boolean asSubjectAltName, Optional<HeaderName> header) {
    public static final HostNames NONE = new HostNames(false, false, Optional.empty());

    /** Whether requests for different hosts may share a connection. */
    public boolean isNone() {
      return !asServerName && !asSubjectAltName;
    }
  }

  /**
   * Circuit breakers by routing priority.
   *
   * @param connectionsPerHostMax 0 or more
   */
  public record Breakers(Thresholds normal, Thresholds high, long connectionsPerHostMax) {
    public static final Breakers DEFAULT = new Breakers(Thresholds.DEFAULT, Thresholds.DEFAULT);

    /** Without a limit of each host's connections. */
    public Breakers(Thresholds normal, Thresholds high) {
      this(normal, high, Long.MAX_VALUE);
    }
  }
}
