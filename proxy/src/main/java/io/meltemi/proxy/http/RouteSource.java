package io.meltemi.proxy.http;

import io.meltemi.proxy.route.RouteTable;
import org.jspecify.annotations.Nullable;

/** Where a connection manager's routes come from. Any thread; one volatile read. */
public interface RouteSource {
  /** The table in force; null before the first one has come. */
  @Nullable RouteTable table();

  /** A table that never changes. */
  static RouteSource fixed(RouteTable table) {
    return () -> table;
  }
}
