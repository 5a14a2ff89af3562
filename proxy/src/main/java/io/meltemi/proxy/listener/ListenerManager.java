package io.meltemi.proxy.listener;

import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.DownstreamTransport;
import io.meltemi.proxy.transport.internal.InternalListeners;
import io.meltemi.proxy.transport.internal.Passed;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * The listeners in force. A changed listener keeps its accepting sockets as far as its addresses
 * stay, and the connections of its unchanged filter chains.
 *
 * <p>Differs from Envoy: a change outside the filter chains does not make a new listener that
 * drains the old one; what is not about chains holds for new connections.
 *
 * <p>Called by the configuration thread, which waits for sockets; synchronized against the admin's.
 */
public final class ListenerManager implements AutoCloseable {
  private final ListenerSettings settings;
  private final Stats stats;
  private final InternalListeners inside;
  private final ListenerSockets.Surroundings surroundings;
  private final ListenerTable table = new ListenerTable();
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Counter added;
  private final Counter modified;
  private final Counter removed;
  private final Counter createSuccess;
  private final Counter createFailure;
  private final Gauge active;

  /** A listener and its sockets by the address that was asked for. */
  private record Entry(ActiveListener active, Map<InetSocketAddress, ListenerSockets> sockets) {}

  /**
   * What is in force under a name.
   *
   * @param bound addresses it really listens on; empty when it does not accept
   */
  public record Status(Listener listener, List<InetSocketAddress> bound, int connections) {
    public Status {
      bound = List.copyOf(bound);
    }
  }

  public ListenerManager(Workers workers, Loops loops, Stats stats, ListenerSettings settings) {
    this(workers, loops, stats, settings, new InternalListeners());
  }

  /**
   * @param inside is told of the listeners that are reached from inside the proxy
   */
  public ListenerManager(
      Workers workers,
      Loops loops,
      Stats stats,
      ListenerSettings settings,
      InternalListeners inside) {
    this.inside = inside;
    this.settings = settings;
    this.stats = stats;
    this.surroundings = new ListenerSockets.Surroundings(workers, loops, table, new AtomicLong());
    StatScope scope = stats.scope("listener_manager.");
    this.added = scope.counter("listener_added");
    this.modified = scope.counter("listener_modified");
    this.removed = scope.counter("listener_removed");
    this.createSuccess = scope.counter("listener_create_success");
    this.createFailure = scope.counter("listener_create_failure");
    this.active = scope.gauge("total_listeners_active");
  }

  /**
   * Removes listeners, then adds or changes others.
   *
   * @return why, by name, for each that could not be put in force; what was in force under such a
   *     name stays so, and all others go on
   */
  public synchronized Map<String, String> update(
      Collection<Listener> upserts, Collection<String> removals) {
    removals.forEach(this::remove);
    Map<String, String> failures = new LinkedHashMap<>();
    for (Listener listener : upserts) {
      try {
        upsert(listener);
      } catch (IOException e) {
        createFailure.inc();
        failures.put(listener.name(), String.valueOf(e.getMessage()));
      }
    }
    publish();
    return failures;
  }

  private void remove(String name) {
    Entry entry = entries.remove(name);
    if (entry != null) {
      entry.sockets.values().forEach(ListenerSockets::close);
      entry.active.drainAll();
      closeTransports(entry.active.listener());
      removed.inc();
    }
  }

  private void upsert(Listener listener) throws IOException {
    Entry old = entries.get(listener.name());
    if (old != null && old.active.listener().fingerprint().equals(listener.fingerprint())) {
      return;
    }
    ActiveListener target =
        old != null
            ? old.active
            : new ActiveListener(
                listener,
                settings,
                new ListenerStats(
                    stats.scope("listener." + listener.options().statPrefix() + ".")));
    Map<InetSocketAddress, ListenerSockets> kept = new LinkedHashMap<>();
    List<ListenerSockets> fresh = new ArrayList<>();
    if (listener.binding().bindToPort() && !listener.binding().isInside()) {
      try {
        for (InetSocketAddress address : listener.binding().addresses()) {
          ListenerSockets sockets = old == null ? null : old.sockets.get(address);
          if (sockets == null) {
            sockets = ListenerSockets.bind(address, listener.binding(), target, surroundings);
            fresh.add(sockets);
          }
          kept.put(address, sockets);
        }
      } catch (IOException e) {
        fresh.forEach(ListenerSockets::close);
        throw e;
      }
    }
    if (old == null) {
      added.inc();
    } else {
      Listener before = old.active.listener();
      handOver(before, listener);
      target.swap(listener);
      closeTransports(before);
      old.sockets.forEach(
          (address, sockets) -> {
            if (!kept.containsKey(address)) {
              sockets.close();
            }
          });
      modified.inc();
    }
    createSuccess.inc();
    entries.put(listener.name(), new Entry(target, kept));
  }

  /** A chain that stays as it was keeps its TLS sessions. */
  private static void handOver(Listener before, Listener after) {
    Map<String, DownstreamTransport> known = new HashMap<>();
    for (FilterChain chain : before.chains().all()) {
      chain.transport().tls().ifPresent(tls -> known.put(chain.fingerprint(), tls));
    }
    for (FilterChain chain : after.chains().all()) {
      DownstreamTransport same = known.remove(chain.fingerprint());
      if (same != null) {
        chain.transport().tls().ifPresent(tls -> tls.takeOver(same));
      }
    }
  }

  private static void closeTransports(Listener listener) {
    for (FilterChain chain : listener.chains().all()) {
      chain.transport().tls().ifPresent(DownstreamTransport::close);
    }
  }

  private void publish() {
    Map<InetSocketAddress, ActiveListener> byAddress = new HashMap<>();
    entries
        .values()
        .forEach(
            entry -> {
              for (InetSocketAddress address : entry.active.listener().binding().addresses()) {
                byAddress.put(address, entry.active);
              }
              entry
                  .sockets
                  .values()
                  .forEach(sockets -> byAddress.put(sockets.address(), entry.active));
            });
    table.replaceAll(byAddress);
    Map<String, InternalListeners.Acceptor> byName = new HashMap<>();
    entries.forEach(
        (name, entry) -> {
          if (entry.active.listener().binding().isInside()) {
            byName.put(name, (channel, passed) -> accept(entry.active, channel, passed));
          }
        });
    inside.replaceAll(byName);
    active.set(entries.size());
  }

  private void accept(ActiveListener target, Channel channel, Passed passed) {
    channel
        .pipeline()
        .addLast(
            new ConnectionAcceptor(
                target,
                surroundings.table(),
                surroundings.connectionIds(),
                surroundings.loops().get(channel.eventLoop()),
                passed));
  }

  /** What is in force, in the order in which it came. */
  public synchronized List<Status> listeners() {
    return entries.values().stream()
        .map(
            entry ->
                new Status(
                    entry.active.listener(),
                    entry.sockets.values().stream().map(ListenerSockets::address).toList(),
                    entry.active.connectionCount()))
        .toList();
  }

  /**
   * Stops to accept on some listeners and drains their connections; they count as removed.
   *
   * @param which such as only the inbound ones
   */
  public synchronized void drain(Predicate<Listener> which) {
    entries.values().stream()
        .map(entry -> entry.active.listener())
        .filter(which)
        .map(Listener::name)
        .toList()
        .forEach(this::remove);
    publish();
  }

  /** Stops to accept and closes every connection at once. */
  @Override
  public synchronized void close() {
    for (Entry entry : entries.values()) {
      entry.sockets.values().forEach(ListenerSockets::close);
      for (DownstreamConnection connection : entry.active.connections()) {
        connection.channel().close();
      }
      closeTransports(entry.active.listener());
    }
    entries.clear();
    publish();
  }
}
