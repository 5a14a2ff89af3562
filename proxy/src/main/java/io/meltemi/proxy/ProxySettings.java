package io.meltemi.proxy;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.FileHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * How one proxy runs.
 *
 * @param configPath the bootstrap file
 * @param configYaml bootstrap text merged over the file; may be empty
 * @param concurrency number of event loops, 0 for one per processor
 * @param adminAddressPath a file to write the admin address to
 * @param drainTime how long connections may take to end
 */
public record ProxySettings(
    Optional<Path> configPath,
    String configYaml,
    int concurrency,
    NodeOverrides node,
    Logging logging,
    boolean validateOnly,
    Optional<Path> adminAddressPath,
    Duration drainTime) {

  /** Parts of the node that flags set over the bootstrap; empty ones do not. */
  public record NodeOverrides(String id, String cluster, String zone) {
    public static final NodeOverrides NONE = new NodeOverrides("", "", "");
  }

  /**
   * @param level of all components
   * @param componentLevels such as {@code upstream:debug,http:trace}; may be empty
   * @param path a file for the log; empty for standard error
   */
  public record Logging(System.Logger.Level level, String componentLevels, Optional<Path> path) {
    public static final Logging DEFAULT =
        new Logging(System.Logger.Level.INFO, "", Optional.empty());

    /**
     * Sets the levels of this whole process and opens the log file; for a process that is one
     * proxy.
     *
     * @throws IOException when the file cannot be opened
     */
    public void apply() throws IOException {
      Logger root = Logger.getLogger("io.meltemi");
      root.setLevel(LEVELS.get(level));
      for (String pair : componentLevels.split(",", -1)) {
        int colon = pair.indexOf(':');
        if (colon > 0) {
          Logger.getLogger("io.meltemi.proxy." + pair.substring(0, colon))
              .setLevel(
                  LEVELS.get(
                      ProxySettings.level(pair.substring(colon + 1), new Validation.Collector())));
        }
      }
      for (Handler handler : Logger.getLogger("").getHandlers()) {
        handler.setLevel(Level.ALL);
      }
      if (path.isPresent()) {
        FileHandler file = new FileHandler(path.get().toString().replace("%", "%%"), true);
        file.setFormatter(new SimpleFormatter());
        root.addHandler(file);
        root.setUseParentHandlers(false);
      }
    }
  }

  private static final Map<System.Logger.Level, Level> LEVELS =
      Map.of(
          System.Logger.Level.TRACE, Level.FINER,
          System.Logger.Level.DEBUG, Level.FINE,
          System.Logger.Level.INFO, Level.INFO,
          System.Logger.Level.WARNING, Level.WARNING,
          System.Logger.Level.ERROR, Level.SEVERE,
          System.Logger.Level.OFF, Level.OFF);

  private static final Duration DRAIN_TIME = Duration.ofMinutes(10);

  /** Settings for a bootstrap given as text, everything else default. */
  public static ProxySettings ofYaml(String yaml, int concurrency) {
    return new ProxySettings(
        Optional.empty(),
        yaml,
        concurrency,
        NodeOverrides.NONE,
        Logging.DEFAULT,
        false,
        Optional.empty(),
        DRAIN_TIME);
  }

  /**
   * Reads Envoy's command line.
   *
   * @param arguments as given to {@code envoy}: {@code --flag value}, {@code --flag=value}, {@code
   *     -c value}
   * @return the settings, with a warning for each flag without effect, or every problem
   */
  public static Validation<ProxySettings> parse(List<String> arguments) {
    Validation.Collector problems = new Validation.Collector();
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < arguments.size(); i++) {
      String word = arguments.get(i);
      int equals = word.startsWith("--") ? word.indexOf('=') : -1;
      String name = equals < 0 ? word : word.substring(0, equals);
      Origin origin = Origin.of("flag " + name);
      Optional<ProxyFlag> known =
          ProxyFlag.all().stream().filter(flag -> flag.names().contains(name)).findFirst();
      if (known.isEmpty()) {
        problems.error(origin, "", word, "one of Envoy's flags");
        continue;
      }
      ProxyFlag flag = known.get();
      String value = equals < 0 ? "" : word.substring(equals + 1);
      if (!flag.argument().isEmpty() && equals < 0) {
        if (i + 1 == arguments.size()) {
          problems.error(origin, "", "nothing", "a " + flag.argument());
          continue;
        }
        value = arguments.get(++i);
      }
      switch (flag.effect()) {
        case APPLIED -> values.put(flag.name(), value);
        case WITHOUT_EFFECT -> problems.warn(origin, "", value, "no effect: " + flag.reason());
        case REFUSED -> problems.error(origin, "", value, "no such flag: " + flag.reason());
      }
    }
    return build(values, problems);
  }

  private static Validation<ProxySettings> build(
      Map<String, String> values, Validation.Collector problems) {
    Optional<Path> config = Optional.ofNullable(values.get("--config-path")).map(Path::of);
    String yaml = values.getOrDefault("--config-yaml", "");
    if (config.isEmpty() && yaml.isBlank()) {
      problems.error(
          Origin.of("flag --config-path"), "", "nothing", "-c FILE or --config-yaml TEXT");
    }
    int concurrency = number(values, "--concurrency", 0, 1024, problems);
    int drainSeconds =
        values.containsKey("--drain-time-s")
            ? number(values, "--drain-time-s", 0, 86_400, problems)
            : Math.toIntExact(DRAIN_TIME.toSeconds());
    System.Logger.Level level = level(values.getOrDefault("--log-level", "info"), problems);
    for (String pair : values.getOrDefault("--component-log-level", "").split(",", -1)) {
      int colon = pair.indexOf(':');
      if (colon > 0) {
        level(pair.substring(colon + 1), problems);
      } else if (!pair.isEmpty()) {
        problems.error(Origin.of("flag --component-log-level"), "", pair, "component:level");
      }
    }
    String mode = values.getOrDefault("--mode", "serve");
    if (!mode.equals("serve") && !mode.equals("validate")) {
      problems.error(Origin.of("flag --mode"), "", mode, "serve or validate");
    }
    return problems.finish(
        () ->
            new ProxySettings(
                config,
                yaml,
                concurrency,
                new NodeOverrides(
                    values.getOrDefault("--service-node", ""),
                    values.getOrDefault("--service-cluster", ""),
                    values.getOrDefault("--service-zone", "")),
                new Logging(
                    level,
                    values.getOrDefault("--component-log-level", ""),
                    Optional.ofNullable(values.get("--log-path")).map(Path::of)),
                mode.equals("validate"),
                Optional.ofNullable(values.get("--admin-address-path")).map(Path::of),
                Duration.ofSeconds(drainSeconds)));
  }

  private static int number(
      Map<String, String> values, String flag, int min, int max, Validation.Collector problems) {
    String text = values.getOrDefault(flag, "" + min);
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // falls through to the one complaint
    }
    problems.error(Origin.of("flag " + flag), "", text, min + " to " + max);
    return min;
  }

  private static System.Logger.Level level(String text, Validation.Collector problems) {
    return switch (text) {
      case "trace" -> System.Logger.Level.TRACE;
      case "debug" -> System.Logger.Level.DEBUG;
      case "info" -> System.Logger.Level.INFO;
      case "warning", "warn" -> System.Logger.Level.WARNING;
      case "error", "critical" -> System.Logger.Level.ERROR;
      case "off" -> System.Logger.Level.OFF;
      default -> {
        problems.error(
            Origin.of("flag --log-level"),
            "",
            text,
            "trace, debug, info, warning, error, critical or off");
        yield System.Logger.Level.INFO;
      }
    };
  }
}
