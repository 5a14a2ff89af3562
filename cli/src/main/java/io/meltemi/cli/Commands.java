package io.meltemi.cli;

import io.meltemi.cli.command.discovery.DiscoveryCommand;
import io.meltemi.cli.command.proxy.ProxyCommand;
import io.meltemi.cli.command.up.UpCommand;
import io.meltemi.cli.command.version.VersionCommand;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** Every command, in the order of the help. */
final class Commands {
  /**
   * A command.
   *
   * @param command makes it; its class is not loaded before that
   */
  record Entry(String name, Supplier<Callable<Integer>> command) {}

  static final List<Entry> ALL =
      List.of(
          new Entry("up", UpCommand::new),
          new Entry("discovery", DiscoveryCommand::new),
          new Entry("proxy", ProxyCommand::new),
          new Entry("version", VersionCommand::new));

  private Commands() {}

  static Optional<Entry> find(String name) {
    return ALL.stream().filter(entry -> entry.name().equals(name)).findFirst();
  }
}
