package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.http.RouteSource;
import io.meltemi.proxy.route.RouteTable;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The route tables that came by RDS. {@link #source} on any thread; the rest on the loop. */
public final class RouteTables {
  private final ConcurrentHashMap<String, Slot> slots = new ConcurrentHashMap<>();

  private static final class Slot implements RouteSource {
    private volatile @Nullable RouteTable table;
    private volatile boolean answered;

    @Override
    public @Nullable RouteTable table() {
      return table;
    }
  }

  /** The place where a table is or will be; connection managers keep it. */
  public RouteSource source(String name) {
    return slot(name);
  }

  private Slot slot(String name) {
    return slots.computeIfAbsent(name, _ -> new Slot());
  }

  void put(String name, RouteTable table) {
    Slot slot = slot(name);
    slot.table = table;
    slot.answered = true;
  }

  /** Nothing came, and nobody needs to wait for it any longer. */
  void missing(String name) {
    slot(name).answered = true;
  }

  boolean answered(String name) {
    return slot(name).answered;
  }

  /** Forgets every table that is not among these. */
  Set<String> retain(Set<String> names) {
    Set<String> gone = new java.util.TreeSet<>(slots.keySet());
    gone.removeAll(names);
    gone.forEach(slots::remove);
    return gone;
  }
}
