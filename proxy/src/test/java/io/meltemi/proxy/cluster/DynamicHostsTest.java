package io.meltemi.proxy.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.cluster.ClusterSettings.DnsFamily;
import io.meltemi.proxy.cluster.ClusterSettings.DynamicDns;
import io.meltemi.proxy.cluster.DynamicHosts.Outcome;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names that requests tell, on a fake clock and a fake resolver. */
final class DynamicHostsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final DynamicDns SETTINGS =
      new DynamicDns(
          "c", DnsFamily.V4_ONLY, 10 * SECOND, 2 * SECOND, 30 * SECOND, 5 * SECOND, 3, 2);

  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final StatScope stats = new Stats().scope("dns_cache.c.");
  private final Map<String, Consumer<List<InetAddress>>> asked = new HashMap<>();
  private final List<String> lookUps = new ArrayList<>();
  private final List<Boolean> told = new ArrayList<>();
  private final DynamicHosts hosts =
      new DynamicHosts(
          SETTINGS,
          80,
          (name, answer) -> {
            lookUps.add(name);
            asked.put(name, answer);
          },
          loop,
          ticker,
          stats);

  private record Wanted(String name) implements LbContext {
    @Override
    public long random() {
      return 0;
    }

    @Override
    public @Nullable String requestedHost() {
      return name;
    }
  }

  private Outcome load(String authority) {
    Outcome outcome = hosts.load(authority, told::add);
    loop.advance(Duration.ZERO);
    return outcome;
  }

  private void answer(String name, String... addresses) throws UnknownHostException {
    List<InetAddress> found = new ArrayList<>();
    for (String address : addresses) {
      found.add(InetAddress.getByName(address));
    }
    Consumer<List<InetAddress>> answer = asked.remove(name);
    assertNotNull(answer, name);
    answer.accept(found);
    loop.advance(Duration.ZERO);
  }

  private @Nullable String address(String authority) {
    Host host = hosts.choose(new Wanted(authority));
    return host == null ? null : host.address().toString();
  }

  @Test
  void looksANameUpOnceForAllWhoWait() throws Exception {
    assertEquals(Outcome.LOADING, load("One.example"));
    assertEquals(Outcome.LOADING, load("one.example:80"));
    assertNull(address("one.example"));
    answer("one.example", "::1", "10.0.0.1", "10.0.0.2");
    assertEquals(List.of(true, true), told);
    assertEquals(Outcome.READY, load("one.example"));
    assertEquals("/10.0.0.1:80", address("ONE.example"));
    assertNull(address("one.example:81"));
    assertEquals(List.of("one.example"), lookUps);
    assertEquals(1, stats.counter("host_added").value());
    assertEquals("one.example", hosts.all().getFirst().hostname());
  }

  @Test
  void addressesNeedNoLookUp() {
    assertEquals(Outcome.READY, load("127.0.0.1:8080"));
    assertEquals(Outcome.READY, load("[::1]:8080"));
    assertEquals("/127.0.0.1:8080", address("127.0.0.1:8080"));
    assertTrue(lookUps.isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":80", "a:b", "a:99999", "a:-1", "[]:80"})
  void whatIsNoHostHasNoAddress(String authority) {
    assertEquals(Outcome.FAILED, load(authority));
    assertTrue(lookUps.isEmpty());
    assertTrue(hosts.all().isEmpty());
  }

  @Test
  void aNameWithoutAddressIsAskedAgain() throws Exception {
    load("one.example");
    answer("one.example");
    assertEquals(List.of(false), told);
    assertEquals(Outcome.FAILED, load("one.example"));
    assertEquals(1, lookUps.size());
    loop.advance(Duration.ofSeconds(2));
    answer("one.example", "10.0.0.1");
    assertEquals(Outcome.READY, load("one.example"));
    assertEquals(1, stats.counter("dns_query_failure").value());
    assertEquals(1, stats.counter("dns_query_success").value());
  }

  @Test
  void aChangedAddressIsANewHostAndAFailureKeepsTheLast() throws Exception {
    load("one.example");
    answer("one.example", "10.0.0.1");
    Host first = hosts.choose(new Wanted("one.example"));
    loop.advance(Duration.ofSeconds(10));
    answer("one.example", "10.0.0.1");
    assertSame(first, hosts.choose(new Wanted("one.example")));
    loop.advance(Duration.ofSeconds(10));
    answer("one.example", "10.0.0.2");
    assertTrue(first != null && first.removed());
    assertEquals("/10.0.0.2:80", address("one.example"));
    loop.advance(Duration.ofSeconds(10));
    answer("one.example");
    assertEquals("/10.0.0.2:80", address("one.example"));
    assertEquals(2, stats.counter("host_address_changed").value());
  }

  @Test
  void forgetsWhatNobodyAsksFor() throws Exception {
    load("one.example");
    answer("one.example", "10.0.0.1");
    Host host = hosts.choose(new Wanted("one.example"));
    for (int i = 0; i < 2; i++) {
      loop.advance(Duration.ofSeconds(10));
      answer("one.example", "10.0.0.1");
    }
    loop.advance(Duration.ofSeconds(10));
    assertNull(address("one.example"));
    assertTrue(host != null && host.removed());
    assertEquals(1, stats.counter("host_removed").value());
    assertEquals(Outcome.LOADING, load("one.example"));
  }

  @Test
  void aSlowAnswerIsNone() {
    load("one.example");
    loop.advance(Duration.ofSeconds(5));
    assertEquals(List.of(false), told);
    assertEquals(1, stats.counter("dns_query_timeout").value());
  }

  @Test
  void namesAndWaitersAreBounded() throws Exception {
    assertEquals(Outcome.LOADING, load("one.example"));
    assertEquals(Outcome.LOADING, load("two.example"));
    assertEquals(Outcome.PENDING_OVERFLOW, load("three.example"));
    assertEquals(Outcome.HOSTS_OVERFLOW, load("four.example"));
    assertEquals(1, stats.counter("dns_rq_pending_overflow").value());
    assertEquals(1, stats.counter("host_overflow").value());
    answer("one.example", "10.0.0.1");
    assertEquals(Outcome.LOADING, load("three.example"));
  }

  @Test
  void whoGivesUpIsNotTold() throws Exception {
    DynamicHosts.Waiter waiter = told::add;
    assertEquals(Outcome.LOADING, hosts.load("one.example", waiter));
    hosts.cancel("one.example", waiter);
    loop.advance(Duration.ZERO);
    answer("one.example", "10.0.0.1");
    assertTrue(told.isEmpty());
  }

  @Test
  void closingTakesHostsAway() throws Exception {
    load("one.example");
    answer("one.example", "10.0.0.1");
    Host host = hosts.choose(new Wanted("one.example"));
    hosts.close();
    assertTrue(host != null && host.removed());
    assertNull(address("one.example"));
  }
}
