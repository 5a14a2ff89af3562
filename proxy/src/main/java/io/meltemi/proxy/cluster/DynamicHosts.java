package io.meltemi.proxy.cluster;

import io.meltemi.common.net.Locality;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of a cluster whose names requests tell ({@code envoy.clusters.dynamic_forward_proxy}):
 * each is looked up when it is first asked for, again and again while it is used, and forgotten
 * when it is not. Names, and those who wait for one, are bounded.
 *
 * <p>Asking is for any thread; look-ups' answers belong to the task loop.
 */
public final class DynamicHosts implements LoadBalancer {
  private static final Host.Placement PLACEMENT =
      new Host.Placement(0, Locality.UNKNOWN, 1, HealthStatus.UNKNOWN);

  /** Whether a name can be used now. */
  public enum Outcome {
    /** It has an address. */
    READY,
    /** It is looked up; the waiter will be told. */
    LOADING,
    /** It has none. */
    FAILED,
    /** As many names are known as may be. */
    HOSTS_OVERFLOW,
    /** As many wait for names as may. */
    PENDING_OVERFLOW
  }

  /** Hears of the end of a look-up, on any thread. */
  public interface Waiter {
    void onLookedUp(boolean found);
  }

  private static final class Entry {
    final String name;
    final int port;
    final Queue<Waiter> waiters = new ConcurrentLinkedQueue<>();
    volatile @Nullable Host host;
    volatile boolean answered;
    volatile long usedNanos;

    /** Counts look-ups, so that a late answer is known. Task loop only. */
    int query;

    Entry(String name, int port, long now) {
      this.name = name;
      this.port = port;
      this.usedNanos = now;
    }
  }

  private final ClusterSettings.DynamicDns settings;
  private final int defaultPort;
  private final NameResolver resolver;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final ConcurrentHashMap<String, Entry> entries = new ConcurrentHashMap<>();
  private final AtomicInteger pending = new AtomicInteger();
  private volatile boolean closed;
  private final Counter attempts;
  private final Counter successes;
  private final Counter failures;
  private final Counter timeouts;
  private final Counter addressChanges;
  private final Counter added;
  private final Counter removed;
  private final Counter hostOverflow;
  private final Counter pendingOverflow;
  private final Gauge number;

  /**
   * @param defaultPort of names that come without one
   * @param stats {@code dns_cache.<name>.}
   */
  DynamicHosts(
      ClusterSettings.DynamicDns settings,
      int defaultPort,
      NameResolver resolver,
      TaskLoop loop,
      Ticker ticker,
      StatScope stats) {
    this.settings = settings;
    this.defaultPort = defaultPort;
    this.resolver = resolver;
    this.loop = loop;
    this.ticker = ticker;
    attempts = stats.counter("dns_query_attempt");
    successes = stats.counter("dns_query_success");
    failures = stats.counter("dns_query_failure");
    timeouts = stats.counter("dns_query_timeout");
    addressChanges = stats.counter("host_address_changed");
    added = stats.counter("host_added");
    removed = stats.counter("host_removed");
    hostOverflow = stats.counter("host_overflow");
    pendingOverflow = stats.counter("dns_rq_pending_overflow");
    number = stats.gauge("num_hosts");
  }

  List<Host> all() {
    return entries.values().stream()
        .map(entry -> entry.host)
        .filter(java.util.Objects::nonNull)
        .toList();
  }

  @Override
  public @Nullable Host choose(LbContext context) {
    String wanted = context.requestedHost();
    Entry entry = wanted == null ? null : entries.get(key(wanted));
    if (entry == null) {
      return null;
    }
    entry.usedNanos = ticker.nanos();
    return entry.host;
  }

  /** An authority in lower case, always with a port. */
  private String key(String authority) {
    String lower = authority.toLowerCase(Locale.ROOT);
    return hasPort(lower) ? lower : lower + ":" + defaultPort;
  }

  private static boolean hasPort(String authority) {
    return authority.lastIndexOf(':') > authority.lastIndexOf(']')
        && (authority.startsWith("[") || authority.indexOf(':') == authority.lastIndexOf(':'));
  }

  /**
   * Makes a name usable.
   *
   * @param authority a name or address, with or without a port
   * @param waiter told when the outcome is {@link Outcome#LOADING}
   */
  public Outcome load(String authority, Waiter waiter) {
    String key = key(authority);
    Entry entry = entries.get(key);
    if (entry == null) {
      if (entries.size() >= settings.hostsMax()) {
        hostOverflow.inc();
        return Outcome.HOSTS_OVERFLOW;
      }
      entry = begin(key);
      if (entry == null) {
        return Outcome.FAILED;
      }
    }
    entry.usedNanos = ticker.nanos();
    if (entry.answered) {
      return entry.host == null ? Outcome.FAILED : Outcome.READY;
    }
    if (pending.incrementAndGet() > settings.pendingMax()) {
      pending.decrementAndGet();
      pendingOverflow.inc();
      return Outcome.PENDING_OVERFLOW;
    }
    entry.waiters.add(waiter);
    // the answer may have come in between, and has told those it saw
    if (entry.answered && cancel(entry, waiter)) {
      return entry.host == null ? Outcome.FAILED : Outcome.READY;
    }
    return Outcome.LOADING;
  }

  /** The waiter will not be told any more. */
  public void cancel(String authority, Waiter waiter) {
    Entry entry = entries.get(key(authority));
    if (entry != null) {
      cancel(entry, waiter);
    }
  }

  private boolean cancel(Entry entry, Waiter waiter) {
    if (entry.waiters.remove(waiter)) {
      pending.decrementAndGet();
      return true;
    }
    return false;
  }

  /** Null for a port that is none. */
  private @Nullable Entry begin(String key) {
    int colon = key.lastIndexOf(':');
    String name = key.substring(0, colon);
    if (name.startsWith("[") && name.endsWith("]")) {
      name = name.substring(1, name.length() - 1);
    }
    int port;
    try {
      port = Integer.parseInt(key.substring(colon + 1));
    } catch (NumberFormatException e) {
      return null;
    }
    if (port < 0 || port > 65535 || name.isEmpty()) {
      return null;
    }
    Entry made = new Entry(name, port, ticker.nanos());
    Entry known = entries.putIfAbsent(key, made);
    if (known != null) {
      return known;
    }
    added.inc();
    number.inc();
    byte[] literal = NetUtil.createByteArrayFromIpAddressString(name);
    if (literal != null) {
      made.host = host(made, NetUtil.createInetAddressFromIpAddressString(name));
      made.answered = true;
      loop.execute(() -> schedule(key, made, settings.refreshNanos()));
    } else {
      loop.execute(() -> query(key, made));
    }
    return made;
  }

  private static Host host(Entry entry, InetAddress address) {
    return new Host(new InetSocketAddress(address, entry.port), entry.name, PLACEMENT);
  }

  // ---- on the task loop

  private void query(String key, Entry entry) {
    if (closed) {
      answer(key, entry, List.of());
      return;
    }
    attempts.inc();
    int number = ++entry.query;
    resolver.resolve(
        entry.name,
        found ->
            loop.execute(
                () -> {
                  if (entry.query == number) {
                    entry.query++;
                    answer(key, entry, found);
                  }
                }));
    loop.schedule(
        () -> {
          if (entry.query == number) {
            entry.query++;
            timeouts.inc();
            answer(key, entry, List.of());
          }
        },
        Duration.ofNanos(settings.queryNanosMax()));
  }

  private void answer(String key, Entry entry, List<InetAddress> found) {
    InetAddress address = choose(found);
    if (address == null) {
      failures.inc();
    } else {
      successes.inc();
      replace(entry, address);
    }
    entry.answered = true;
    boolean usable = entry.host != null;
    for (Waiter next = entry.waiters.poll(); next != null; next = entry.waiters.poll()) {
      pending.decrementAndGet();
      next.onLookedUp(usable);
    }
    schedule(
        key, entry, address == null ? settings.failureRefreshNanos() : settings.refreshNanos());
  }

  private void replace(Entry entry, InetAddress address) {
    Host old = entry.host;
    if (old != null
        && old.address() instanceof InetSocketAddress known
        && address.equals(known.getAddress())) {
      return;
    }
    entry.host = host(entry, address);
    addressChanges.inc();
    if (old != null) {
      old.remove();
    }
  }

  private @Nullable InetAddress choose(List<InetAddress> found) {
    InetAddress v4 = null;
    InetAddress v6 = null;
    for (InetAddress address : found) {
      if (v4 == null && address instanceof Inet4Address) {
        v4 = address;
      } else if (v6 == null && address instanceof Inet6Address) {
        v6 = address;
      }
    }
    return switch (settings.family()) {
      case V4_ONLY -> v4;
      case V6_ONLY -> v6;
      case V4_PREFERRED -> v4 == null ? v6 : v4;
      case AUTO, ALL -> v6 == null ? v4 : v6;
    };
  }

  private void schedule(String key, Entry entry, long nanos) {
    if (closed) {
      return;
    }
    long delay = Math.min(nanos, settings.hostNanosMax());
    loop.schedule(() -> again(key, entry), Duration.ofNanos(delay));
  }

  private void again(String key, Entry entry) {
    if (closed) {
      return;
    }
    if (ticker.nanos() - entry.usedNanos >= settings.hostNanosMax()) {
      forget(key, entry);
    } else if (NetUtil.createByteArrayFromIpAddressString(entry.name) != null) {
      schedule(key, entry, settings.refreshNanos());
    } else {
      query(key, entry);
    }
  }

  private void forget(String key, Entry entry) {
    if (entries.remove(key, entry)) {
      removed.inc();
      number.dec();
      Host host = entry.host;
      if (host != null) {
        host.remove();
      }
    }
  }

  void close() {
    closed = true;
    entries.forEach(this::forget);
  }
}
