package io.meltemi.proxy.admin;

import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Shows and changes the levels of the proxy's loggers, one per room. */
final class LogLevels {
  private static final String ROOT = "io.meltemi";
  private final Map<String, Logger> loggers = new TreeMap<>();

  LogLevels() {
    for (String room :
        new String[] {
          "admin",
          "cluster",
          "http",
          "listener",
          "network",
          "route",
          "snapshot",
          "telemetry",
          "upstream"
        }) {
      loggers.put(room, Logger.getLogger(ROOT + ".proxy." + room));
    }
    loggers.put("config", Logger.getLogger(ROOT + ".xds"));
  }

  AdminReply reply(Map<String, String> query) {
    for (Map.Entry<String, String> change : query.entrySet()) {
      boolean all = change.getKey().equals("level");
      if (change.getKey().equals("paths")) {
        for (String pair : change.getValue().split(",", 100)) {
          int colon = pair.indexOf(':');
          if (colon < 0 || !set(pair.substring(0, colon), pair.substring(colon + 1))) {
            return usage(pair);
          }
        }
      } else if (all ? !setAll(change.getValue()) : !set(change.getKey(), change.getValue())) {
        return usage(change.getKey() + "=" + change.getValue());
      }
    }
    StringBuilder out = new StringBuilder("active loggers:\n");
    loggers.forEach(
        (room, logger) ->
            out.append("  ").append(room).append(": ").append(text(logger)).append('\n'));
    return AdminReply.text(200, out.append('\n').toString());
  }

  private static AdminReply usage(String found) {
    return AdminReply.text(
        400,
        "error: invalid logger or level: "
            + found
            + "\nusage: /logging?<name>=<level> (change single level)"
            + "\nusage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)"
            + "\nusage: /logging?level=<level> (change all levels)"
            + "\nlevels: trace debug info warning error critical off\n");
  }

  private boolean setAll(String level) {
    boolean known = true;
    for (String room : loggers.keySet()) {
      known &= set(room, level);
    }
    return known;
  }

  private boolean set(String room, String level) {
    Logger logger = loggers.get(room);
    Level value =
        switch (level) {
          case "trace" -> Level.FINER;
          case "debug" -> Level.FINE;
          case "info" -> Level.INFO;
          case "warning", "warn" -> Level.WARNING;
          case "error", "critical" -> Level.SEVERE;
          case "off" -> Level.OFF;
          default -> null;
        };
    if (logger == null || value == null) {
      return false;
    }
    logger.setLevel(value);
    return true;
  }

  private static String text(Logger logger) {
    Logger at = logger;
    while (at.getLevel() == null && at.getParent() != null) {
      at = at.getParent();
    }
    Level level = at.getLevel() == null ? Level.INFO : at.getLevel();
    if (level.intValue() <= Level.FINER.intValue()) {
      return "trace";
    } else if (level.intValue() <= Level.CONFIG.intValue()) {
      return "debug";
    } else if (level.intValue() <= Level.INFO.intValue()) {
      return "info";
    } else if (level.intValue() <= Level.WARNING.intValue()) {
      return "warning";
    }
    return level.intValue() <= Level.SEVERE.intValue() ? "error" : "off";
  }
}
