package io.meltemi.proxy.cluster;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks the names of a DNS cluster up again and again. All state belongs to the task loop. A name
 * whose look-up fails keeps its last addresses.
 */
final class DnsRefresher implements AutoCloseable {
  private final ClusterSettings.Dns settings;
  private final boolean firstOnly;
  private final EndpointAssignment assignment;
  private final ClusterHosts hosts;
  private final NameResolver resolver;
  private final TaskLoop loop;
  private final Runnable firstRound;
  private final Counter attempts;
  private final Counter successes;
  private final Counter failures;
  private final Map<String, List<InetAddress>> addresses = new HashMap<>();
  private final Set<String> names = new LinkedHashSet<>();
  private TaskLoop.@Nullable Scheduled next;
  private int outstanding;
  private boolean anyFailed;
  private boolean closed;
  private boolean first = true;

  /**
   * @param firstRound told once, when every name was looked up, well or not
   */
  DnsRefresher(
      ClusterSettings.Dns settings,
      boolean firstOnly,
      EndpointAssignment assignment,
      ClusterHosts hosts,
      NameResolver resolver,
      TaskLoop loop,
      StatScope stats,
      Runnable firstRound) {
    this.settings = settings;
    this.firstOnly = firstOnly;
    this.assignment = assignment;
    this.hosts = hosts;
    this.resolver = resolver;
    this.loop = loop;
    this.firstRound = firstRound;
    this.attempts = stats.counter("update_attempt");
    this.successes = stats.counter("update_success");
    this.failures = stats.counter("update_failure");
    for (EndpointAssignment.LocalityEndpoints locality : assignment.localities()) {
      for (EndpointAssignment.Endpoint endpoint : locality.endpoints()) {
        names.add(endpoint.address().host());
      }
    }
  }

  void start() {
    loop.execute(this::round);
  }

  private void round() {
    if (closed) {
      return;
    }
    outstanding = names.size();
    anyFailed = false;
    if (outstanding == 0) {
      finished();
      return;
    }
    for (String name : names) {
      attempts.inc();
      resolver.resolve(name, found -> loop.execute(() -> answered(name, found)));
    }
  }

  private void answered(String name, List<InetAddress> found) {
    if (closed) {
      return;
    }
    List<InetAddress> wanted = select(found);
    if (wanted.isEmpty()) {
      failures.inc();
      anyFailed = true;
    } else {
      successes.inc();
      addresses.put(name, wanted);
    }
    if (--outstanding == 0) {
      finished();
    }
  }

  private List<InetAddress> select(List<InetAddress> found) {
    List<InetAddress> v4 = new ArrayList<>();
    List<InetAddress> v6 = new ArrayList<>();
    for (InetAddress address : found) {
      if (address instanceof Inet4Address && !v4.contains(address)) {
        v4.add(address);
      } else if (address instanceof Inet6Address && !v6.contains(address)) {
        v6.add(address);
      }
    }
    List<InetAddress> chosen =
        switch (settings.family()) {
          case V4_ONLY -> v4;
          case V6_ONLY -> v6;
          case V4_PREFERRED -> v4.isEmpty() ? v6 : v4;
          case AUTO -> v6.isEmpty() ? v4 : v6;
          case ALL -> {
            List<InetAddress> both = new ArrayList<>(v4);
            both.addAll(v6);
            yield both;
          }
        };
    return firstOnly && chosen.size() > 1 ? List.of(chosen.get(0)) : chosen;
  }

  private void finished() {
    hosts.update(assignment, this::resolve);
    long wait = anyFailed ? settings.failureRefreshNanos() : settings.refreshNanos();
    next = loop.schedule(this::round, Duration.ofNanos(wait));
    if (first) {
      first = false;
      firstRound.run();
    }
  }

  private List<SocketAddress> resolve(EndpointAssignment.Endpoint endpoint) {
    List<SocketAddress> resolved = new ArrayList<>();
    for (InetAddress address : addresses.getOrDefault(endpoint.address().host(), List.of())) {
      resolved.add(new InetSocketAddress(address, endpoint.address().port()));
    }
    return resolved;
  }

  @Override
  public void close() {
    loop.execute(
        () -> {
          closed = true;
          if (next != null) {
            next.cancel();
          }
        });
  }
}
