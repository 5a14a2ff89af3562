package io.meltemi.bench.scenario;

import io.meltemi.bench.process.Tool;
import io.meltemi.bench.report.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The proxies that are compared. */
enum PeerKind {
  ENVOY(Outcome.THEIRS),
  MELTEMI(Outcome.OURS),
  NGINX("nginx"),
  HAPROXY("HAProxy");

  private final String title;

  PeerKind(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  /** Whether it takes Envoy's bootstrap; the others have a file of their own. */
  boolean takesBootstrap() {
    return this == ENVOY || this == MELTEMI;
  }

  /** What is missing on this machine to run it; empty when nothing is. */
  Optional<String> missing() {
    return switch (this) {
      case MELTEMI -> Optional.empty();
      case ENVOY -> missing(Tool.ENVOY);
      case NGINX -> missing(Tool.NGINX);
      case HAPROXY -> missing(Tool.HAPROXY);
    };
  }

  private static Optional<String> missing(Tool tool) {
    return tool.find().isPresent()
        ? Optional.empty()
        : Optional.of("not found: " + tool.installation());
  }

  /** The command that runs it on a configuration file, with one worker. */
  List<String> command(List<String> meltemi, Path file) throws IOException {
    List<String> command = new ArrayList<>();
    switch (this) {
      case ENVOY -> {
        command.add(Tool.ENVOY.require().toString());
        command.addAll(List.of("-c", file.toString(), "--concurrency", "1"));
        command.addAll(List.of("--use-dynamic-base-id", "--log-level", "error"));
      }
      case MELTEMI -> {
        command.addAll(meltemi);
        command.addAll(List.of("proxy", "-c", file.toString(), "--concurrency", "1"));
        command.addAll(List.of("--log-level", "error"));
      }
      case NGINX -> {
        command.add(Tool.NGINX.require().toString());
        command.addAll(List.of("-c", file.toString(), "-e", "stderr"));
      }
      case HAPROXY -> {
        command.add(Tool.HAPROXY.require().toString());
        command.addAll(List.of("-db", "-q", "-f", file.toString()));
      }
    }
    return command;
  }
}
