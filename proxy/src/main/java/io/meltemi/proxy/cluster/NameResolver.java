package io.meltemi.proxy.cluster;

import java.net.InetAddress;
import java.util.List;
import java.util.function.Consumer;

/** Turns names into addresses without blocking the caller. Any thread. */
public interface NameResolver {
  /**
   * Looks a name up; the answer comes on any thread, exactly once.
   *
   * @param answer the addresses in the resolver's order; empty when the name has none or the
   *     look-up failed
   */
  void resolve(String name, Consumer<List<InetAddress>> answer);
}
