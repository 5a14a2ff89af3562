package io.meltemi.proxy.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.cluster.ClusterSettings.LbPolicy;
import io.meltemi.proxy.cluster.EndpointAssignment.Endpoint;
import io.meltemi.proxy.cluster.EndpointAssignment.LocalityEndpoints;
import io.meltemi.proxy.cluster.lb.leastrequest.LeastRequestFactory;
import io.meltemi.proxy.cluster.lb.maglev.MaglevFactory;
import io.meltemi.proxy.cluster.lb.random.RandomFactory;
import io.meltemi.proxy.cluster.lb.ringhash.RingHashFactory;
import io.meltemi.proxy.cluster.lb.roundrobin.RoundRobinFactory;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.Peers;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.proxy.transport.TlsEngine;
import io.meltemi.proxy.transport.TransportSocketParser;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Running clusters, on a fake clock and a fake resolver. */
final class ClusterTest {
  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final Stats stats = new Stats();
  private final Map<String, List<InetAddress>> names = new HashMap<>();
  private final List<String> lookUps = new ArrayList<>();
  private final NameResolver resolver =
      new NameResolver() {
        @Override
        public void resolve(String name, Consumer<List<InetAddress>> answer) {
          lookUps.add(name);
          answer.accept(names.getOrDefault(name, List.of()));
        }
      };
  private final ClusterFactory factory =
      new ClusterFactory(
          Map.of(
              LbPolicy.ROUND_ROBIN, new RoundRobinFactory(),
              LbPolicy.LEAST_REQUEST, new LeastRequestFactory(),
              LbPolicy.RANDOM, new RandomFactory(),
              LbPolicy.RING_HASH, new RingHashFactory(),
              LbPolicy.MAGLEV, new MaglevFactory()),
          resolver,
          new ClusterFactory.Tools(loop, ticker, new SplittableRandom(5)),
          stats,
          (_, _, host) -> new FakeProbe(port(host)));
  private final Context context = new Context();

  /** What hosts answer to checks by port; none is no answer at all. */
  private final Map<Integer, HealthProbe.Result> answers = new HashMap<>();

  private final Map<Integer, Integer> asked = new TreeMap<>();
  private final List<String> events = new ArrayList<>();

  private final class FakeProbe implements HealthProbe {
    private final int port;

    FakeProbe(int port) {
      this.port = port;
    }

    @Override
    public void ask(Consumer<Result> answer) {
      asked.merge(port, 1, Integer::sum);
      Result result = answers.get(port);
      if (result != null) {
        answer.accept(result);
      }
    }

    @Override
    public void cancel() {}

    @Override
    public void close() {
      asked.remove(port);
    }
  }

  private static final class Context implements LbContext {
    private final SplittableRandom random = new SplittableRandom(7);
    private @Nullable SocketAddress wanted;
    private @Nullable Host rejected;
    private @Nullable Long hash;
    private final Set<Integer> avoided = new HashSet<>();

    @Override
    public boolean hasHash() {
      return hash != null;
    }

    @Override
    public long hash() {
      return hash == null ? 0 : hash;
    }

    @Override
    public boolean avoidsPriorities() {
      return !avoided.isEmpty();
    }

    @Override
    public boolean avoids(int priority) {
      return avoided.contains(priority);
    }

    @Override
    public void avoidNoPriority() {
      avoided.clear();
    }

    @Override
    public long random() {
      return random.nextLong();
    }

    @Override
    public @Nullable SocketAddress originalDestination() {
      return wanted;
    }

    @Override
    public boolean rejects(Host host) {
      return host == rejected;
    }

    @Override
    public int hostSelectionAttemptsMax() {
      return 5;
    }
  }

  private Cluster cluster(String yaml) {
    io.envoyproxy.envoy.config.cluster.v3.Cluster proto =
        (io.envoyproxy.envoy.config.cluster.v3.Cluster)
            new BootstrapReader(Map.of())
                .read(
                    io.envoyproxy.envoy.config.cluster.v3.Cluster.newBuilder(),
                    yaml,
                    Origin.of("test"))
                .orElseThrow();
    Cluster cluster =
        factory.make(
            new ClusterParser(
                    new TransportSocketParser(new Secrets(), TlsEngine::best, ticker),
                    Peers.of(Node.getDefaultInstance(), stats),
                    (path, _) -> Optional.of(line -> events.add(path + " " + line)))
                .parse(proto, Origin.of("test"))
                .orElseThrow());
    loop.runAll();
    return cluster;
  }

  private Cluster eds(String more) {
    return cluster("{name: c, type: EDS, eds_cluster_config: {eds_config: {ads: {}}}" + more + "}");
  }

  private static Endpoint endpoint(int port, int weight, HealthStatus health) {
    return new Endpoint(new HostPort("127.0.0.1", port), "", weight, health);
  }

  private static LocalityEndpoints locality(int priority, int weight, Endpoint... endpoints) {
    return new LocalityEndpoints(
        new Locality("r" + weight, "", ""), priority, weight, List.of(endpoints));
  }

  private static EndpointAssignment assignment(LocalityEndpoints... localities) {
    return new EndpointAssignment("c", 140, List.of(localities));
  }

  /** Hosts of equal weight and the same health on these ports, in one locality. */
  private static EndpointAssignment hosts(HealthStatus health, int... ports) {
    return assignment(
        locality(
            0,
            0,
            IntStream.of(ports)
                .mapToObj(port -> endpoint(port, 1, health))
                .toArray(Endpoint[]::new)));
  }

  private Map<Integer, Integer> choices(Cluster cluster, int count) {
    Map<Integer, Integer> ports = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      Host host = cluster.loadBalancer().choose(context);
      ports.merge(host == null ? 0 : port(host), 1, Integer::sum);
    }
    return ports;
  }

  private static int port(Host host) {
    return ((InetSocketAddress) host.address()).getPort();
  }

  private static Host only(Cluster cluster) {
    return cluster.hosts().getFirst();
  }

  @Test
  void goesRoundEqualHosts() {
    Cluster cluster = eds("");
    assertFalse(cluster.isReady());
    assertNull(cluster.loadBalancer().choose(context));
    cluster.update(
        assignment(
            locality(
                0,
                0,
                endpoint(1, 1, HealthStatus.HEALTHY),
                endpoint(2, 1, HealthStatus.UNKNOWN),
                endpoint(3, 1, HealthStatus.UNHEALTHY))));
    assertTrue(cluster.isReady());
    assertEquals(Map.of(1, 50, 2, 50), choices(cluster, 100));
  }

  @Test
  void spreadsByWeightEvenly() {
    Cluster cluster = eds("");
    cluster.update(
        assignment(
            locality(
                0,
                0,
                endpoint(1, 300, HealthStatus.HEALTHY),
                endpoint(2, 100, HealthStatus.HEALTHY))));
    assertEquals(Map.of(1, 3, 2, 1), choices(cluster, 4));
    assertEquals(Map.of(1, 3, 2, 1), choices(cluster, 4));
  }

  @Test
  void keepsHostsThatStay() {
    Cluster cluster = eds("");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    Host first = cluster.hosts().get(0);
    Host second = cluster.hosts().get(1);
    AtomicInteger removals = new AtomicInteger();
    first.onRemoved(removals::incrementAndGet);
    second.onRemoved(removals::incrementAndGet);
    cluster.update(
        assignment(
            locality(
                0, 0, endpoint(2, 5, HealthStatus.HEALTHY), endpoint(3, 1, HealthStatus.HEALTHY))));
    assertSame(second, cluster.hosts().get(0));
    assertEquals(5, second.placement().weight());
    assertTrue(first.removed());
    assertEquals(1, removals.get());
    cluster.close();
    assertEquals(2, removals.get());
    first.onRemoved(removals::incrementAndGet);
    assertEquals(3, removals.get());
  }

  @Test
  void failsOverToTheNextPriority() {
    Cluster cluster = eds("");
    cluster.update(
        assignment(
            locality(0, 0, endpoint(1, 1, HealthStatus.UNHEALTHY)),
            locality(1, 0, endpoint(2, 1, HealthStatus.HEALTHY))));
    assertEquals(Map.of(2, 100), choices(cluster, 100));
    // half of the first priority is healthy: it is worth 70 percent
    cluster.update(
        assignment(
            locality(
                0, 0, endpoint(1, 1, HealthStatus.HEALTHY), endpoint(3, 1, HealthStatus.UNHEALTHY)),
            locality(1, 0, endpoint(2, 1, HealthStatus.HEALTHY))));
    int first = choices(cluster, 10_000).getOrDefault(1, 0);
    assertTrue(first > 6_700 && first < 7_300, "" + first);
  }

  @Test
  void panicsWhenTooFewAreHealthyUnlessTold() {
    EndpointAssignment sick = hosts(HealthStatus.UNHEALTHY, 1, 2);
    Cluster panicking = eds("");
    panicking.update(sick);
    assertEquals(Map.of(1, 5, 2, 5), choices(panicking, 10));
    Cluster strict = eds(", common_lb_config: {healthy_panic_threshold: {value: 0}}");
    strict.update(sick);
    assertEquals(Map.of(0, 10), choices(strict, 10));
  }

  @Test
  void weighsLocalities() {
    Cluster cluster = eds(", common_lb_config: {locality_weighted_lb_config: {}}");
    cluster.update(
        assignment(
            locality(0, 80, endpoint(1, 1, HealthStatus.HEALTHY)),
            locality(0, 20, endpoint(2, 1, HealthStatus.HEALTHY))));
    int heavy = choices(cluster, 10_000).getOrDefault(1, 0);
    assertTrue(heavy > 7_700 && heavy < 8_300, "" + heavy);
  }

  @Test
  void takesTheLessBusyHost() {
    Cluster cluster = eds(", lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 8}");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    only(cluster).add(HostStat.RQ_ACTIVE, 10);
    assertTrue(choices(cluster, 1000).getOrDefault(2, 0) > 980);
  }

  @Test
  void avoidsRejectedHosts() {
    Cluster cluster = eds("");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    context.rejected = only(cluster);
    assertEquals(Map.of(2, 10), choices(cluster, 10));
  }

  @Test
  void ejectsAfterFailuresInARowAndBringsBack() {
    Cluster cluster =
        eds(
            ", common_lb_config: {healthy_panic_threshold: {value: 0}}, outlier_detection:"
                + " {consecutive_5xx: 3, interval: 1s, base_ejection_time: 5s,"
                + " max_ejection_percent: 50}");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    Host bad = cluster.hosts().get(0);
    Host other = cluster.hosts().get(1);
    for (int status : new int[] {500, 503, 200, 500, 500}) {
      cluster.outlierDetector().onResponse(bad, status);
    }
    loop.runAll();
    assertFalse(bad.ejected());
    cluster.outlierDetector().onLocalFailure(bad);
    loop.runAll();
    assertTrue(bad.ejected());
    assertEquals(Map.of(2, 10), choices(cluster, 10));
    for (int i = 0; i < 3; i++) {
      cluster.outlierDetector().onResponse(other, 502);
    }
    loop.runAll();
    assertFalse(other.ejected(), "half of the hosts at most");
    loop.advance(Duration.ofSeconds(4));
    assertTrue(bad.ejected());
    loop.advance(Duration.ofSeconds(2));
    assertFalse(bad.ejected());
    assertEquals(Map.of(1, 5, 2, 5), choices(cluster, 10));
  }

  private static InetAddress ip(String text) throws UnknownHostException {
    return InetAddress.getAllByName(text)[0];
  }

  @Test
  void resolvesNamesAgainAndKeepsThemOnFailure() throws UnknownHostException {
    names.put("app", List.of(ip("10.0.0.1"), ip("10.0.0.2"), ip("fd00::1")));
    String yaml =
        """
        name: c
        type: STRICT_DNS
        dns_lookup_family: V4_ONLY
        dns_refresh_rate: 5s
        load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: app, port_value: 80}}}}]}]}
        """;
    Cluster cluster = cluster(yaml);
    assertTrue(cluster.isReady());
    assertEquals(2, cluster.hosts().size());
    Host kept = cluster.hosts().get(1);
    names.remove("app");
    loop.advance(Duration.ofSeconds(5));
    assertEquals(2, lookUps.size());
    assertEquals(2, cluster.hosts().size());
    names.put("app", List.of(ip("10.0.0.2")));
    loop.advance(Duration.ofSeconds(5));
    assertEquals(List.of(kept), cluster.hosts());
    cluster.close();
    loop.advance(Duration.ofMinutes(1));
    assertEquals(3, lookUps.size());
  }

  @Test
  void isReadyEvenWhenTheNameIsUnknown() {
    Cluster cluster =
        cluster(
            """
            name: c
            type: LOGICAL_DNS
            load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: nobody, port_value: 80}}}}]}]}
            """);
    assertTrue(cluster.isReady());
    assertNull(cluster.loadBalancer().choose(context));
  }

  @Test
  void goesWhereTheClientWanted() throws UnknownHostException {
    Cluster cluster =
        cluster(
            "{name: c, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, cleanup_interval: 5s,"
                + " original_dst_lb_config: {upstream_port_override: 15006}}");
    assertNull(cluster.loadBalancer().choose(context));
    context.wanted = new InetSocketAddress(ip("10.0.0.9"), 80);
    Host host = cluster.loadBalancer().choose(context);
    assertNotNull(host);
    assertEquals(new InetSocketAddress(ip("10.0.0.9"), 15006), host.address());
    assertSame(host, cluster.loadBalancer().choose(context));
    host.add(HostStat.CX_ACTIVE, 1);
    loop.advance(Duration.ofSeconds(5));
    assertSame(host, cluster.loadBalancer().choose(context));
    host.add(HostStat.CX_ACTIVE, -1);
    loop.advance(Duration.ofSeconds(5));
    assertTrue(host.removed());
    assertNotSame(host, cluster.loadBalancer().choose(context));
    cluster.close();
  }

  @Test
  void boundsWhatIsUnderWay() {
    CircuitBreakers breakers =
        new CircuitBreakers(
            new CircuitBreakers.Thresholds(1, 1, 2, 1, CircuitBreakers.RetryBudget.NONE, false));
    assertTrue(breakers.tryConnection());
    assertFalse(breakers.tryConnection());
    breakers.releaseConnection();
    assertTrue(breakers.tryConnection());
    assertTrue(breakers.tryRetry());
    assertFalse(breakers.tryRetry());
    CircuitBreakers budget =
        new CircuitBreakers(
            new CircuitBreakers.Thresholds(
                9, 9, 99, 0, new CircuitBreakers.RetryBudget(true, 50, 1), false));
    assertTrue(budget.tryRetry());
    assertFalse(budget.tryRetry());
    for (int i = 0; i < 4; i++) {
      assertTrue(budget.tryRequest());
    }
    assertTrue(budget.tryRetry());
    assertFalse(budget.tryRetry());
  }

  @Test
  void degradedHostsGetWhatTheHealthyCannotTake() {
    Cluster cluster = eds("");
    cluster.update(
        assignment(
            locality(
                0,
                0,
                endpoint(1, 1, HealthStatus.HEALTHY),
                endpoint(2, 1, HealthStatus.DEGRADED),
                endpoint(3, 1, HealthStatus.DEGRADED),
                endpoint(4, 1, HealthStatus.DEGRADED))));
    // a quarter of the hosts times 1.4 is good for 35 percent
    assertEquals(0.35, choices(cluster, 10_000).getOrDefault(1, 0) / 10_000.0, 0.02);
  }

  @Test
  void withoutPanicNoHostMeansNone() {
    Cluster cluster = eds(", common_lb_config: {healthy_panic_threshold: {value: 0}}");
    cluster.update(hosts(HealthStatus.UNHEALTHY, 1));
    assertNull(cluster.loadBalancer().choose(context));
  }

  @Test
  void panicIsCounted() {
    Cluster cluster = eds("");
    cluster.update(hosts(HealthStatus.UNHEALTHY, 1));
    assertEquals(Map.of(1, 3), choices(cluster, 3));
    assertEquals(3, stats.scope("cluster.c.").counter("lb_healthy_panic").value());
  }

  @Test
  void aRetryAvoidsThePrioritiesItHasSeen() {
    Cluster cluster = eds("");
    cluster.update(
        assignment(
            locality(0, 0, endpoint(1, 1, HealthStatus.HEALTHY)),
            locality(1, 1, endpoint(2, 1, HealthStatus.HEALTHY))));
    assertEquals(Map.of(1, 50), choices(cluster, 50));
    context.avoided.add(0);
    assertEquals(Map.of(2, 50), choices(cluster, 50));
    context.avoided.add(1);
    assertEquals(Map.of(1, 50), choices(cluster, 50));
    assertTrue(context.avoided.isEmpty());
  }

  private Map<Long, Integer> byHash(Cluster cluster, int count) {
    Map<Long, Integer> ports = new TreeMap<>();
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < count; i++) {
      context.hash = random.nextLong();
      ports.put(context.hash, port(Objects.requireNonNull(cluster.loadBalancer().choose(context))));
    }
    context.hash = null;
    return ports;
  }

  @ParameterizedTest
  @ValueSource(strings = {"RING_HASH", "MAGLEV"})
  void aHashKeepsItsHostWhileOthersComeAndGo(String policy) {
    Cluster cluster = eds(", lb_policy: " + policy);
    Endpoint[] endpoints = new Endpoint[10];
    for (int i = 0; i < endpoints.length; i++) {
      endpoints[i] = endpoint(i + 1, i == 0 ? 3 : 1, HealthStatus.HEALTHY);
    }
    cluster.update(assignment(locality(0, 0, endpoints)));
    Map<Long, Integer> before = byHash(cluster, 2000);
    assertEquals(before, byHash(cluster, 2000));
    assertEquals(
        3 / 12.0, before.values().stream().filter(each -> each == 1).count() / 2000.0, 0.06);
    endpoints[9] = endpoint(10, 1, HealthStatus.UNHEALTHY);
    cluster.update(assignment(locality(0, 0, endpoints)));
    Map<Long, Integer> after = byHash(cluster, 2000);
    assertFalse(after.containsValue(10));
    long moved =
        before.entrySet().stream()
            .filter(e -> e.getValue() != 10 && !e.getValue().equals(after.get(e.getKey())))
            .count();
    assertTrue(moved < 2000 / 10, moved + " of 2000 hashes moved though their hosts stayed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RING_HASH", "MAGLEV"})
  void aFullHostPassesItsRequestsOn(String policy) {
    Cluster cluster =
        eds(
            ", lb_policy: "
                + policy
                + ", common_lb_config: {consistent_hashing_lb_config: {hash_balance_factor: 150}}");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    context.hash = 42L;
    Host usual = Objects.requireNonNull(cluster.loadBalancer().choose(context));
    cluster.stats().rqActive.add(10);
    usual.add(HostStat.RQ_ACTIVE, 8);
    assertSame(usual, cluster.loadBalancer().choose(context));
    usual.add(HostStat.RQ_ACTIVE, 2);
    Host other = Objects.requireNonNull(cluster.loadBalancer().choose(context));
    assertNotSame(usual, other);
    // the least loaded one when all are full
    other.add(HostStat.RQ_ACTIVE, 20);
    assertSame(usual, cluster.loadBalancer().choose(context));
  }

  @Test
  void aRejectedHashTakesAnotherPlace() {
    Cluster cluster = eds(", lb_policy: MAGLEV");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    context.hash = 7L;
    Host first = Objects.requireNonNull(cluster.loadBalancer().choose(context));
    context.rejected = first;
    assertNotSame(first, cluster.loadBalancer().choose(context));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "round_robin_lb_config",
        "lb_policy: LEAST_REQUEST, least_request_lb_config",
      })
  void aNewHostGetsItsShareSlowly(String policy) {
    Cluster cluster =
        eds(
            ", "
                + policy
                + ": {slow_start_config: {slow_start_window: 100s, min_weight_percent: {value:"
                + " 20}}}");
    cluster.update(hosts(HealthStatus.HEALTHY, 1));
    ticker.advance(Duration.ofSeconds(200));
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2));
    assertEquals(0.2, relative(cluster), 0.04);
    ticker.advance(Duration.ofSeconds(50));
    assertEquals(0.5, relative(cluster), 0.06);
    ticker.advance(Duration.ofSeconds(50));
    assertEquals(1, relative(cluster), 0.1);
  }

  /** Requests of host 2 for one of host 1. */
  private double relative(Cluster cluster) {
    Map<Integer, Integer> counts = choices(cluster, 20_000);
    return counts.getOrDefault(2, 0) / (double) counts.getOrDefault(1, 1);
  }

  @Test
  void aggressionBendsTheWay() {
    ClusterSettings.SlowStart fast = new ClusterSettings.SlowStart(100_000_000_000L, 2, 0.1);
    assertEquals(0.5, fast.part(25_000_000_000L), 1e-9);
    assertEquals(0.1, fast.part(0), 1e-9);
    ClusterSettings.SlowStart slow = new ClusterSettings.SlowStart(100_000_000_000L, 0.5, 0.1);
    assertEquals(0.25, slow.part(50_000_000_000L), 1e-9);
  }

  private static final String CHECKS =
      ", health_checks: [{timeout: 1s, interval: 10s, no_traffic_interval: 100s,"
          + " unhealthy_edge_interval: 2s, unhealthy_threshold: 2, healthy_threshold: 3,"
          + " http_health_check: {path: /}}]";

  private long check(String name) {
    return stats.scope("cluster.c.").counter("health_check." + name).value();
  }

  /** One host that passed its first check, under traffic. */
  private Cluster passing(String more) {
    Cluster cluster = eds(more);
    answers.put(1, HealthProbe.Result.PASSED);
    cluster.update(hosts(HealthStatus.UNKNOWN, 1));
    cluster.stats().cxTotal.inc();
    loop.runAll();
    return cluster;
  }

  @Test
  void checksDecideFromTheFirstAnswerOn() {
    Cluster cluster = eds(CHECKS);
    answers.put(1, HealthProbe.Result.PASSED);
    answers.put(2, HealthProbe.Result.FAILED);
    cluster.update(hosts(HealthStatus.UNKNOWN, 1, 2, 3));
    loop.runAll();
    assertFalse(cluster.isReady(), "host 3 has not answered");
    loop.advance(Duration.ofSeconds(1));
    assertTrue(cluster.isReady());
    assertEquals(
        List.of(HostHealth.HEALTHY, HostHealth.UNHEALTHY, HostHealth.UNHEALTHY),
        cluster.hosts().stream().map(Host::health).toList());
    assertEquals(3, check("attempt"));
    assertEquals(1, check("success"));
    assertEquals(2, check("failure"));
    assertEquals(1, check("network_failure"));
    assertEquals(1, stats.scope("cluster.c.").gauge("health_check.healthy").value());
    assertEquals(Map.of(1, 1, 2, 1, 3, 1), asked);
    loop.advance(Duration.ofSeconds(90));
    assertEquals(Map.of(1, 1, 2, 1, 3, 1), asked, "without traffic there is time");
  }

  @Test
  void thresholdsAndEdgesHold() {
    Cluster cluster = passing(CHECKS);
    assertEquals(HostHealth.HEALTHY, only(cluster).health());
    answers.remove(1);
    loop.advance(Duration.ofSeconds(11));
    assertEquals(HostHealth.HEALTHY, only(cluster).health(), "one failure of two");
    loop.advance(Duration.ofSeconds(3));
    assertEquals(HostHealth.UNHEALTHY, only(cluster).health());
    answers.put(1, HealthProbe.Result.PASSED);
    loop.advance(Duration.ofSeconds(20));
    assertEquals(HostHealth.UNHEALTHY, only(cluster).health(), "two successes of three");
    loop.advance(Duration.ofSeconds(10));
    assertEquals(HostHealth.HEALTHY, only(cluster).health());
    answers.put(1, HealthProbe.Result.DEGRADED);
    loop.advance(Duration.ofSeconds(10));
    assertEquals(HostHealth.DEGRADED, only(cluster).health());
    answers.put(1, HealthProbe.Result.FAILED);
    loop.advance(Duration.ofSeconds(10));
    assertEquals(HostHealth.UNHEALTHY, only(cluster).health(), "what the host says counts at once");
  }

  @Test
  void checksLeaveAnEventLog() {
    passing(
        CHECKS.replace(
            "unhealthy_threshold: 2",
            "unhealthy_threshold: 2, event_log_path: log, always_log_health_check_failures: true,"
                + " always_log_health_check_success: true"));
    assertEquals(
        "log {\"health_checker_type\":\"HTTP\",\"host\":{\"socket_address\":{\"protocol\":\"TCP\","
            + "\"address\":\"127.0.0.1\",\"port_value\":1,\"resolver_name\":\"\",\"ipv4_compat\":false,"
            + "\"network_namespace_filepath\":\"\"}},\"cluster_name\":\"c\","
            + "\"add_healthy_event\":{\"first_check\":true},\"timestamp\":\""
            + ticker.now()
            + "\",\"locality\":{\"region\":\"r0\",\"zone\":\"\",\"sub_zone\":\"\"}}",
        events.getFirst());
    answers.put(1, HealthProbe.Result.DEGRADED);
    loop.advance(Duration.ofSeconds(10));
    answers.remove(1);
    loop.advance(Duration.ofSeconds(11));
    answers.put(1, HealthProbe.Result.FAILED);
    loop.advance(Duration.ofSeconds(3));
    assertEquals(
        List.of(
            "add_healthy_event",
            "successful_health_check_event",
            "degraded_healthy_host",
            "health_check_failure_event NETWORK_TIMEOUT",
            "eject_unhealthy_event ACTIVE",
            "health_check_failure_event ACTIVE"),
        events.stream()
            .map(
                line ->
                    line.replaceAll(".*\"(\\w+_(event|host))\":\\{.*", "$1")
                        + line.replaceAll(".*failure_type\":\"(\\w+)\".*", " $1")
                            .replaceAll(".*\\{.*", ""))
            .toList());
  }

  @Test
  void aHostThatGoesIsNotAskedAnyMore() {
    Cluster cluster = eds(CHECKS);
    answers.put(1, HealthProbe.Result.PASSED);
    cluster.update(hosts(HealthStatus.UNKNOWN, 1));
    loop.runAll();
    cluster.update(assignment());
    loop.runAll();
    assertEquals(Map.of(), asked);
    cluster.close();
    loop.runAll();
    assertEquals(0, loop.timers());
  }

  @Test
  void newHostsCanBeLeftOutUntilTheyAreChecked() {
    Cluster cluster = eds(CHECKS + ", common_lb_config: {ignore_new_hosts_until_first_hc: true}");
    answers.put(1, HealthProbe.Result.PASSED);
    cluster.update(hosts(HealthStatus.UNKNOWN, 1, 2, 3));
    loop.runAll();
    // a third of the hosts would be panic
    assertEquals(Map.of(1, 30), choices(cluster, 30));
    loop.advance(Duration.ofSeconds(1));
    assertEquals(3, choices(cluster, 30).size());
  }

  /** Five hosts on ports 1 to 5. */
  private Cluster five(String outlier) {
    Cluster cluster =
        eds(
            ", common_lb_config: {healthy_panic_threshold: {value: 0}}, outlier_detection: {"
                + outlier
                + "}");
    cluster.update(hosts(HealthStatus.HEALTHY, 1, 2, 3, 4, 5));
    return cluster;
  }

  private static void answer(Cluster cluster, Host host, int good, int bad) {
    // successes come between, so that no failures stand in a row
    for (int i = 0; i < Math.max(good, bad); i++) {
      if (i < bad) {
        cluster.outlierDetector().onResponse(host, 500);
      }
      if (i < good) {
        cluster.outlierDetector().onResponse(host, 200);
      }
    }
  }

  private long outlier(String name) {
    return stats.scope("cluster.c.").counter("outlier_detection.ejections_" + name).value();
  }

  private static List<Integer> ejected(Cluster cluster) {
    return cluster.hosts().stream().filter(Host::ejected).map(ClusterTest::port).toList();
  }

  @Test
  void aHostThatSucceedsFarLessThanTheOthersGoes() {
    Cluster cluster = five("max_ejection_percent: 100");
    for (Host host : cluster.hosts()) {
      answer(cluster, host, 100, port(host) == 3 ? 60 : 1);
    }
    loop.advance(Duration.ofSeconds(10));
    assertEquals(List.of(3), ejected(cluster));
    assertEquals(1, outlier("enforced_success_rate"));
    assertEquals(1, outlier("detected_success_rate"));
    assertEquals(1, outlier("total"));
    loop.advance(Duration.ofSeconds(30));
    assertEquals(List.of(), ejected(cluster));
    // alike is no outlier, however bad
    for (Host host : cluster.hosts()) {
      answer(cluster, host, 60, 60);
    }
    loop.advance(Duration.ofSeconds(10));
    assertEquals(List.of(), ejected(cluster));
  }

  @Test
  void fewRequestsOrHostsTellNothing() {
    Cluster cluster = five("max_ejection_percent: 100, success_rate_minimum_hosts: 6");
    for (Host host : cluster.hosts()) {
      answer(cluster, host, 100, port(host) == 3 ? 60 : 0);
    }
    loop.advance(Duration.ofSeconds(10));
    assertEquals(List.of(), ejected(cluster));
    cluster.close();
    cluster = five("max_ejection_percent: 100");
    for (Host host : cluster.hosts()) {
      answer(cluster, host, 50, port(host) == 3 ? 49 : 0);
    }
    loop.advance(Duration.ofSeconds(10));
    assertEquals(List.of(), ejected(cluster));
  }

  @Test
  void aPercentageOfFailuresIsEnoughWhereEnforced() {
    Cluster cluster =
        five(
            "max_ejection_percent: 100, enforcing_success_rate: 0, enforcing_failure_percentage:"
                + " 100, failure_percentage_threshold: 40");
    for (Host host : cluster.hosts()) {
      answer(cluster, host, 60, port(host) == 2 ? 45 : 5);
    }
    loop.advance(Duration.ofSeconds(10));
    assertEquals(List.of(2), ejected(cluster));
    assertEquals(1, outlier("enforced_failure_percentage"));
    assertEquals(0, outlier("enforced_success_rate"));
  }

  @Test
  void failuresToConnectCountApartWhenSplit() {
    Cluster cluster =
        five(
            "max_ejection_percent: 100, split_external_local_origin_errors: true,"
                + " consecutive_local_origin_failure: 1000, consecutive_5xx: 3");
    for (Host host : cluster.hosts()) {
      for (int i = 0; i < 100; i++) {
        if (port(host) == 4 && i < 70) {
          cluster.outlierDetector().onLocalFailure(host);
        } else {
          cluster.outlierDetector().onConnectedOnly(host);
        }
      }
    }
    loop.advance(Duration.ofSeconds(10));
    assertEquals(List.of(4), ejected(cluster));
    assertEquals(1, outlier("enforced_local_origin_success_rate"));
    assertEquals(0, outlier("detected_consecutive_5xx"));
  }

  @Test
  void whatIsNotEnforcedIsCountedOnly() {
    Cluster cluster = five("max_ejection_percent: 100, enforcing_consecutive_5xx: 0");
    for (int i = 0; i < 5; i++) {
      cluster.outlierDetector().onResponse(only(cluster), 500);
    }
    loop.runAll();
    assertEquals(List.of(), ejected(cluster));
    assertEquals(1, outlier("detected_consecutive_5xx"));
    assertEquals(0, outlier("enforced_consecutive_5xx"));
  }

  @Test
  void aPassedCheckBringsAnEjectedHostBack() {
    Cluster cluster =
        passing(CHECKS + ", outlier_detection: {consecutive_5xx: 1, max_ejection_percent: 100}");
    cluster.outlierDetector().onResponse(only(cluster), 503);
    loop.runAll();
    assertEquals(List.of(1), ejected(cluster));
    // the first interval was that of a cluster without traffic
    loop.advance(Duration.ofSeconds(12));
    assertEquals(List.of(), ejected(cluster));
  }
}
