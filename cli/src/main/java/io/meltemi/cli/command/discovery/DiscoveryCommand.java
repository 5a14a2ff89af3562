package io.meltemi.cli.command.discovery;

import io.meltemi.cli.command.version.VersionCommand;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.resource.ResourceSource;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.ControlPlane;
import io.meltemi.controlplane.ControlPlaneFlag;
import io.meltemi.controlplane.ControlPlaneSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a control plane. */
@Command(
    name = "discovery",
    description = {
      "Runs a control plane on a directory of YAML: Kubernetes' and Istio's kinds in, xDS out, to"
          + " meltemi proxies and to Envoy. Files are followed while it runs. The flags are"
          + " pilot-discovery's.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  meltemi discovery --configDir conf --grpcAddr 127.0.0.1:15010 \\",
      "      --httpsAddr \"\" --secureGRPCAddr \"\"",
      "  curl localhost:8080/debug                 what can be looked at",
      "",
      "Exit codes: 0 stopped, 1 could not start, 2 wrong usage."
    })
public final class DiscoveryCommand implements Callable<Integer> {
  private CommandSpec spec = CommandSpec.create();

  /** Adds the control plane's flags to the command. */
  @Spec
  void describe(CommandSpec self) {
    spec = self;
    for (ControlPlaneFlag flag : ControlPlaneFlag.ALL) {
      String help = flag.refusal().isEmpty() ? flag.help() : flag.help() + "; " + flag.refusal();
      self.addOption(
          OptionSpec.builder("--" + flag.name())
              .paramLabel("VALUE")
              .type(List.class)
              .auxiliaryTypes(String.class)
              .arity("1")
              .splitRegex(flag.list() ? "," : "")
              .description(
                  flag.defaultValue().isEmpty()
                      ? help
                      : help + " (default: " + flag.defaultValue() + ")")
              .build());
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, String> given = given();
    ControlPlaneSettings settings = settings(given);
    level(given.getOrDefault("log_output_level", "default:info"));
    List<ResourceSource> sources = new ArrayList<>();
    String directory = given.getOrDefault("configDir", "");
    if (!directory.isEmpty()) {
      Path path = Path.of(directory);
      if (!Files.exists(path)) {
        throw wrong("configDir", directory, "a directory of YAML files");
      }
      sources.add(
          new FileSource(
              FileSourceSettings.recursive(path), new ResourceDecoder(Kinds.ALL), Ticker.system()));
    }
    ControlPlane controlPlane = ControlPlane.start(settings, new ConfigStore(), sources);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  controlPlane.close();
                  ended.countDown();
                },
                "stop"));
    ended.await();
    return 0;
  }

  private Map<String, String> given() {
    Map<String, String> given = new HashMap<>();
    for (ControlPlaneFlag flag : ControlPlaneFlag.ALL) {
      List<String> values = spec.findOption("--" + flag.name()).getValue();
      if (values == null) {
        continue;
      }
      if (values.size() > 1 && !flag.list()) {
        throw wrong(flag.name(), values.toString(), "one value");
      }
      String value = String.join(",", values);
      if (!flag.refusal().isEmpty() && !value.isEmpty() && !value.equals(flag.defaultValue())) {
        throw wrong(flag.name(), value, "\"\" or the default, for " + flag.refusal());
      }
      given.put(flag.name(), value);
    }
    return given;
  }

  private ControlPlaneSettings settings(Map<String, String> given) throws IOException {
    ControlPlaneSettings defaults = ControlPlaneSettings.DEFAULT;
    ControlPlaneSettings settings =
        defaults
            .withListen(
                new ControlPlaneSettings.Listen(
                    address(given, "grpcAddr", defaults.listen().grpc()),
                    address(given, "httpAddr", defaults.listen().http()),
                    address(given, "monitoringAddr", defaults.listen().monitoring()),
                    ""))
            .withNames(
                given.getOrDefault("domain", defaults.domain()),
                given.getOrDefault("clusterID", defaults.clusterId()))
            .withVersion(VersionCommand.version());
    try {
      settings = settings.withEnvironment();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "environment: " + e.getMessage());
    }
    String mesh = given.getOrDefault("meshConfig", "");
    return mesh.isEmpty() ? settings : settings.withMeshConfigFile(Path.of(mesh));
  }

  private Optional<HostPort> address(
      Map<String, String> given, String flag, Optional<HostPort> missing) {
    String value = given.get(flag);
    if (value == null) {
      return missing;
    }
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(HostPort.parse(value));
    } catch (IllegalArgumentException e) {
      throw wrong(flag, value, "HOST:PORT, :PORT, or \"\" to disable");
    }
  }

  /** Istio's {@code scope:level} list; only the level of {@code default} or {@code all} counts. */
  private void level(String levels) {
    for (String part : levels.split(",")) {
      int colon = part.indexOf(':');
      String scope = colon < 0 ? "default" : part.substring(0, colon);
      String level = colon < 0 ? part : part.substring(colon + 1);
      if (!scope.equals("default") && !scope.equals("all")) {
        continue;
      }
      Logger.getLogger("")
          .setLevel(
              switch (level) {
                case "debug" -> Level.FINE;
                case "info" -> Level.INFO;
                case "warn" -> Level.WARNING;
                case "error", "fatal" -> Level.SEVERE;
                case "none" -> Level.OFF;
                default ->
                    throw wrong(
                        "log_output_level", levels, "debug, info, warn, error, fatal or none");
              });
    }
  }

  private ParameterException wrong(String flag, String found, String expected) {
    return new ParameterException(
        spec.commandLine(), "--" + flag + ": found " + found + " (expected: " + expected + ")");
  }
}
