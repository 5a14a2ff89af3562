package io.meltemi.proxy.admin;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.proxy.telemetry.StatsPrinter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** The admin endpoints by path. */
final class AdminEndpoints {
  private final AdminContext context;
  private JsonFormat.@Nullable Printer printer;
  private final Map<String, Endpoint> endpoints = new LinkedHashMap<>();

  /**
   * @param changes whether it changes something, so that it needs a POST
   */
  private record Endpoint(
      String help, boolean changes, Function<Map<String, String>, AdminReply> handler) {}

  AdminEndpoints(AdminContext context) {
    this.context = context;
    ConfigDumps dumps = new ConfigDumps(context);
    ClusterViews clusters = new ClusterViews(context);
    ServerViews server = new ServerViews(context);
    LogLevels logLevels = new LogLevels();
    get("/", "Admin home page", _ -> help());
    get("/help", "print out list of admin commands", _ -> help());
    CertificateViews certificates = new CertificateViews(context);
    get("/certs", "print certs on machine", _ -> full(certificates.message()));
    get(
        "/clusters",
        "upstream cluster status",
        query -> isJson(query) ? json(clusters.message()) : AdminReply.text(200, clusters.text()));
    get("/config_dump", "dump current configs", query -> dumps.reply(query, this::json));
    get(
        "/contention",
        "dump current mutex contention stats",
        _ -> AdminReply.text(200, "Mutex contention tracing is not enabled.\n"));
    post(
        "/drain_listeners",
        "drain listeners",
        query -> {
          context
              .control()
              .drainListeners(query.containsKey("inboundonly"), query.containsKey("graceful"));
          return ok();
        });
    post(
        "/healthcheck/fail",
        "cause the server to fail health checks",
        _ -> {
          context.control().failHealthCheck(true);
          return ok();
        });
    post(
        "/healthcheck/ok",
        "cause the server to pass health checks",
        _ -> {
          context.control().failHealthCheck(false);
          return ok();
        });
    get(
        "/hot_restart_version",
        "print the hot restart compatibility version",
        _ -> AdminReply.text(200, "disabled\n"));
    get("/init_dump", "dump current Envoy init manager information", _ -> AdminReply.json("{}\n"));
    get(
        "/listeners",
        "print listener info",
        query -> isJson(query) ? json(server.listeners()) : AdminReply.text(200, server.text()));
    post("/logging", "query/change logging levels", logLevels::reply);
    get("/memory", "print current allocation/heap usage", _ -> full(server.memory()));
    post(
        "/quitquitquit",
        "exit the server",
        _ -> new AdminReply(200, "text/plain; charset=UTF-8", "OK\n", context.control()::quit));
    get("/ready", "print server state, return 200 if LIVE, otherwise return 503", _ -> ready());
    post(
        "/reset_counters",
        "reset all counters to zero",
        _ -> {
          context.stats().resetCounters();
          return ok();
        });
    get(
        "/runtime",
        "print runtime values",
        _ -> AdminReply.json("{\n \"layers\": [],\n \"entries\": {}\n}\n"));
    get("/server_info", "print server version/status information", _ -> full(server.info()));
    get("/stats", "print server stats", query -> stats(query, ""));
    get(
        "/stats/prometheus",
        "print server stats in prometheus format",
        query -> stats(query, "prometheus"));
  }

  private void get(String path, String help, Function<Map<String, String>, AdminReply> handler) {
    endpoints.put(path, new Endpoint(help, false, handler));
  }

  private void post(String path, String help, Function<Map<String, String>, AdminReply> handler) {
    endpoints.put(path, new Endpoint(help, true, handler));
  }

  AdminReply answer(String method, String path, Map<String, String> query) {
    Endpoint endpoint = endpoints.get(path);
    if (endpoint == null) {
      return AdminReply.text(404, "invalid path. admin commands are:\n" + commands());
    }
    if (endpoint.changes() && !method.equals("POST")) {
      return AdminReply.text(405, "Method " + method + " not allowed, POST required.");
    }
    return endpoint.handler().apply(query);
  }

  private AdminReply help() {
    return AdminReply.text(200, "admin commands are:\n" + commands());
  }

  private String commands() {
    StringBuilder out = new StringBuilder();
    endpoints.forEach(
        (path, endpoint) ->
            out.append("  ")
                .append(path)
                .append(endpoint.changes() ? " (POST)" : "")
                .append(": ")
                .append(endpoint.help())
                .append('\n'));
    return out.toString();
  }

  private AdminReply ready() {
    ServerState state = context.control().state();
    return AdminReply.text(state == ServerState.LIVE ? 200 : 503, state + "\n");
  }

  private static AdminReply ok() {
    return AdminReply.text(200, "OK\n");
  }

  private static boolean isJson(Map<String, String> query) {
    return "json".equals(query.get("format"));
  }

  private AdminReply stats(Map<String, String> query, String defaultFormat) {
    Predicate<String> filter = _ -> true;
    if (query.containsKey("filter")) {
      try {
        filter = Pattern.compile(query.getOrDefault("filter", "")).asPredicate();
      } catch (PatternSyntaxException e) {
        return AdminReply.text(400, "Invalid re2 regex: " + e.getMessage() + "\n");
      }
    }
    boolean usedOnly = query.containsKey("usedonly");
    String format = query.getOrDefault("format", defaultFormat);
    return switch (format) {
      case "", "text" -> AdminReply.text(200, StatsPrinter.text(context.stats(), usedOnly, filter));
      case "json" -> AdminReply.json(StatsPrinter.json(context.stats(), usedOnly, filter));
      case "prometheus" ->
          AdminReply.text(200, StatsPrinter.prometheus(context.stats(), usedOnly, filter));
      default ->
          AdminReply.text(400, "usage: /stats?format=json  or /stats?format=prometheus \n\n");
    };
  }

  /** Made at first use; the admin server has one thread. */
  private JsonFormat.Printer printer() {
    JsonFormat.Printer made = printer;
    if (made == null) {
      made =
          JsonFormat.printer().usingTypeRegistry(context.types().get()).preservingProtoFieldNames();
      printer = made;
    }
    return made;
  }

  private AdminReply json(Message message) {
    return print(message, printer());
  }

  /** With fields that have their default as well, as Envoy prints the state LIVE. */
  private AdminReply full(Message message) {
    return print(message, printer().alwaysPrintFieldsWithNoPresence());
  }

  private static AdminReply print(Message message, JsonFormat.Printer printer) {
    try {
      return AdminReply.json(printer.print(message) + "\n");
    } catch (InvalidProtocolBufferException e) {
      return AdminReply.text(500, "cannot print: " + e.getMessage() + "\n");
    }
  }
}
