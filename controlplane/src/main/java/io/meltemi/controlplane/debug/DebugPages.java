package io.meltemi.controlplane.debug;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.admin.v3.ConfigDump;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.deployment.DeploymentSettings;
import io.meltemi.controlplane.deployment.GatewayDeployment;
import io.meltemi.controlplane.deployment.GatewayManifests;
import io.meltemi.controlplane.deployment.Manifest;
import io.meltemi.controlplane.gatewayapi.ObjectStatus;
import io.meltemi.controlplane.gatewayapi.StatusTree;
import io.meltemi.controlplane.push.Features;
import io.meltemi.controlplane.push.ProxyConnection;
import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.controlplane.push.RefusedResource;
import io.meltemi.controlplane.translate.EnvoyTypes;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Subscription;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The pages of the debug servers, in the shapes of Istio's where it has them. Any thread. */
public final class DebugPages {
  private static final String JSON = "application/json; charset=utf-8";
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final Map<TypeUrl, String> SYNC_NAMES = syncNames();

  private final PushEngine engine;
  private final Supplier<List<Problem>> problems;
  private final Questions questions;
  private final String version;
  private final PilotMetrics metrics;
  private final Map<String, Entry> pages = new TreeMap<>();
  private volatile boolean ready;

  /** Asks on the push thread, where the engine's state is. */
  public interface Questions {
    <T> T ask(Supplier<T> question);
  }

  /** An answer to a request. */
  record Page(int status, String contentType, String body) {
    static Page text(int status, String body) {
      return new Page(status, TEXT, body);
    }

    static Page json(Object value) {
      return new Page(200, JSON, Json.write(value));
    }
  }

  private record Entry(String help, PageSource source) {}

  private interface PageSource {
    Page page(Map<String, String> query);
  }

  /**
   * Pages of an engine.
   *
   * @param problems of the configuration, now
   */
  public DebugPages(
      PushEngine engine,
      Supplier<List<Problem>> problems,
      Questions questions,
      String version,
      PilotMetrics metrics) {
    this.engine = engine;
    this.problems = problems;
    this.questions = questions;
    this.version = version;
    this.metrics = metrics;
    add("adsz", "connected proxies and what they watch; ?push=true pushes", this::adsz);
    add("syncz", "what each proxy was sent and has taken; ?namespace=", this::syncz);
    add("config_dump", "what a proxy should have; ?proxyID=pod.namespace", this::dump);
    add("registryz", "services", _ -> inEngine(() -> engine.context().services()));
    add("endpointz", "endpoints by service", _ -> inEngine(this::endpointz));
    add("endpointShardz", "endpoints by service", _ -> inEngine(this::endpointz));
    add("configz", "Istio resources in force", _ -> inEngine(this::configz));
    add("mesh", "mesh configuration in force", _ -> inEngine(() -> engine.context().mesh()));
    add("push_status", "pushes and what proxies refused", _ -> inEngine(this::pushStatus));
    add(
        "rejectz",
        "resources that proxies refused, and what these were made of",
        _ -> inEngine(this::rejectz));
    add(
        "statusz",
        "statuses of the Gateway API's objects and of Ingresses",
        _ -> inEngine(this::statusz));
    add("deploymentz", "what is made for managed Gateways", _ -> inEngine(this::deploymentz));
    add("problemz", "what is wrong with the configuration", _ -> problemz());
    add("list", "the names of these pages", _ -> Page.json(List.copyOf(pages.keySet())));
  }

  private void add(String name, String help, PageSource source) {
    pages.put(name, new Entry(help, source));
  }

  /** From now on {@code /ready} says so. */
  public void setReady() {
    ready = true;
  }

  Page answer(URI uri, boolean loopback) {
    String path = uri.getPath();
    return switch (path) {
      case "/ready" -> ready ? Page.text(200, "") : Page.text(503, "not ready\n");
      case "/version" -> Page.text(200, version + "-meltemi-Clean\n");
      case "/metrics" -> new Page(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text());
      case "/", "/debug", "/debug/" -> loopback ? index() : forbidden();
      default -> {
        Entry entry =
            path.startsWith("/debug/") ? pages.get(path.substring("/debug/".length())) : null;
        if (entry == null) {
          yield Page.text(404, "404 page not found\n");
        }
        yield loopback ? entry.source().page(query(uri)) : forbidden();
      }
    };
  }

  private static Page forbidden() {
    return Page.text(
        403, "debug pages are for this machine only until callers can be authenticated\n");
  }

  private static Map<String, String> query(URI uri) {
    Map<String, String> values = new LinkedHashMap<>();
    String text = uri.getRawQuery();
    if (text != null) {
      for (String pair : text.split("&")) {
        int equals = pair.indexOf('=');
        String key = equals < 0 ? pair : pair.substring(0, equals);
        values.put(decode(key), equals < 0 ? "" : decode(pair.substring(equals + 1)));
      }
    }
    return values;
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return text;
    }
  }

  /** Written on the push thread, so that nothing changes while it is read. */
  private Page inEngine(Supplier<?> question) {
    return new Page(200, JSON, questions.ask(() -> Json.write(question.get())));
  }

  private Page index() {
    StringBuilder html = new StringBuilder("<!doctype html><title>debug</title><h1>debug</h1><ul>");
    html.append("<li><a href=\"/metrics\">/metrics</a><li><a href=\"/ready\">/ready</a>");
    pages.forEach(
        (name, entry) ->
            html.append("<li><a href=\"/debug/")
                .append(name)
                .append("\">/debug/")
                .append(name)
                .append("</a> ")
                .append(entry.help()));
    return new Page(200, "text/html; charset=utf-8", html.append("</ul>\n").toString());
  }

  // ---- proxies

  private Page adsz(Map<String, String> query) {
    if (query.getOrDefault("push", "").equals("true")) {
      int count =
          questions.ask(
              () -> {
                engine.pushAll();
                return engine.proxies().size();
              });
      return Page.text(200, "Pushed to " + count + " servers\n");
    }
    return inEngine(
        () -> {
          List<Object> clients = engine.proxies().stream().map(DebugPages::client).toList();
          Map<String, Object> all = new LinkedHashMap<>();
          all.put("totalClients", clients.size());
          all.put("clients", clients);
          return all;
        });
  }

  private static Object client(ProxyConnection proxy) {
    Map<String, Object> client = new LinkedHashMap<>();
    client.put("connectionId", proxy.id());
    client.put("connectedAt", proxy.connection().connectedAt());
    client.put("address", proxy.connection().peer());
    client.put("delta", proxy.connection().delta());
    client.put("labels", proxy.node().labels());
    client.put("metadata", proxy.node().metadata());
    client.put("locality", proxy.node().locality());
    Map<String, Object> watches = new LinkedHashMap<>();
    for (Subscription subscription : proxy.connection().subscriptions()) {
      watches.put(subscription.type().url(), List.copyOf(subscription.names()));
    }
    client.put("watches", watches);
    return client;
  }

  private Page syncz(Map<String, String> query) {
    String namespace = query.getOrDefault("namespace", "");
    return inEngine(
        () ->
            engine.proxies().stream()
                .filter(proxy -> namespace.isEmpty() || namespace.equals(proxy.node().namespace()))
                .map(this::sync)
                .toList());
  }

  private Map<String, Object> sync(ProxyConnection proxy) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("cluster_id", proxy.node().metadata().clusterId());
    row.put("proxy", proxy.node().id());
    row.put("proxy_type", proxy.node().type().name().toLowerCase(Locale.ROOT));
    row.put("istio_version", proxy.node().metadata().istioVersion());
    SYNC_NAMES.forEach(
        (type, name) ->
            proxy
                .connection()
                .subscription(type)
                .ifPresent(
                    subscription -> {
                      row.put(name + "_sent", subscription.nonceSent());
                      row.put(name + "_acked", subscription.nonceAcked());
                    }));
    Map<String, Object> resources = new LinkedHashMap<>();
    for (Subscription subscription : proxy.connection().subscriptions()) {
      Map<String, Object> state = new LinkedHashMap<>();
      state.put("sent", subscription.nonceSent());
      state.put("acked", subscription.nonceAcked());
      state.put("sentTime", subscription.sentAt());
      engine
          .rejection(proxy, subscription.type())
          .ifPresent(
              rejection -> {
                state.put("lastError", rejection.nack().message());
                state.put("lastErrorResources", rejection.resources());
                state.put("lastErrorOrigins", rejection.origins());
              });
      resources.put(subscription.type().url(), state);
    }
    row.put("resources", resources);
    return row;
  }

  private static Map<TypeUrl, String> syncNames() {
    Map<TypeUrl, String> names = new LinkedHashMap<>();
    names.put(TypeUrl.CLUSTER, "cluster");
    names.put(TypeUrl.LISTENER, "listener");
    names.put(TypeUrl.ROUTE, "route");
    names.put(TypeUrl.ENDPOINT, "endpoint");
    names.put(TypeUrl.EXTENSION_CONFIG, "extensionconfig");
    return names;
  }

  private Page dump(Map<String, String> query) {
    String id = query.getOrDefault("proxyID", "");
    if (id.isEmpty()) {
      return Page.text(400, "You must provide a proxyID in the query string\n");
    }
    return questions.ask(
        () -> {
          Optional<ProxyConnection> found = engine.find(id);
          if (found.isEmpty()) {
            return Page.text(
                404,
                "Proxy not connected to this Pilot instance. It may be connected to another"
                    + " instance.\n");
          }
          ConfigDump dump = ConfigDumps.of(engine, found.get());
          try {
            return new Page(
                200,
                JSON,
                JsonFormat.printer().usingTypeRegistry(EnvoyTypes.registryOf(dump)).print(dump)
                    + "\n");
          } catch (InvalidProtocolBufferException e) {
            return Page.text(500, "cannot be shown as JSON: " + e.getMessage() + "\n");
          }
        });
  }

  // ---- the world

  private List<Object> endpointz() {
    List<Object> all = new ArrayList<>();
    engine
        .context()
        .endpoints()
        .byService()
        .forEach(
            (key, endpoints) -> {
              Map<String, Object> row = new LinkedHashMap<>();
              row.put("service", key.hostname());
              row.put("namespace", key.namespace());
              row.put("endpoints", endpoints);
              all.add(row);
            });
    return all;
  }

  private List<Object> statusz() {
    List<Object> all = new ArrayList<>();
    for (ObjectStatus status : engine.statuses()) {
      Resource<?> object = status.object();
      Map<String, Object> page = new LinkedHashMap<>();
      page.put("apiVersion", object.kind().apiVersion());
      page.put("kind", object.kind().kind());
      page.put("metadata", Map.of("name", object.name(), "namespace", object.namespace()));
      page.put("origin", object.origin().toString());
      page.put("status", StatusTree.of(status.content()));
      all.add(page);
    }
    return all;
  }

  private List<Object> deploymentz() {
    DeploymentSettings settings = DeploymentSettings.DEFAULT.inDomain(engine.context().domain());
    List<Object> all = new ArrayList<>();
    Features.GatewayApi switches = engine.context().features().gatewayApi();
    if (!switches.enabled() || !switches.deployment()) {
      return all;
    }
    for (GatewayDeployment deployment : GatewayDeployment.all(engine.snapshot(), settings)) {
      Map<String, Object> page = new LinkedHashMap<>();
      page.put("gateway", deployment.gateway().id().toString());
      page.put("origin", deployment.gateway().origin().toString());
      try {
        page.put(
            "objects",
            GatewayManifests.of(deployment, engine.snapshot(), engine.context().mesh(), settings)
                .stream()
                .map(Manifest::content)
                .toList());
      } catch (IllegalArgumentException e) {
        page.put("error", e.getMessage());
      }
      all.add(page);
    }
    return all;
  }

  private List<Object> configz() {
    List<Object> all = new ArrayList<>();
    for (ResourceKind<?> kind : Kinds.ALL) {
      if (kind.isIstio()) {
        engine.snapshot().list(kind).forEach(resource -> all.add(object(resource)));
      }
    }
    return all;
  }

  private static Map<String, Object> object(Resource<?> resource) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", resource.name());
    metadata.put("namespace", resource.namespace());
    metadata.put("labels", resource.metadata().labels());
    metadata.put("annotations", resource.metadata().annotations());
    metadata.put("creationTimestamp", resource.metadata().creationTimestamp());
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("kind", resource.kind().kind());
    object.put("apiVersion", resource.kind().apiVersion());
    object.put("metadata", metadata);
    object.put("spec", resource.spec());
    object.put("origin", resource.origin());
    return object;
  }

  private Map<String, Object> pushStatus() {
    Map<String, Object> status = new LinkedHashMap<>();
    status.put("version", engine.version());
    status.put("proxies", engine.proxies().size());
    status.put("pending", engine.pending());
    status.put("sharedResources", engine.sharedResources());
    List<Object> rejected = new ArrayList<>();
    for (PushEngine.Rejection rejection : engine.rejections()) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("proxy", rejection.proxy());
      row.put("type", rejection.type().url());
      row.put("at", rejection.nack().at());
      row.put("message", rejection.nack().message());
      row.put("resources", rejection.resources());
      row.put("origins", rejection.origins());
      rejected.add(row);
    }
    status.put("rejected", rejected);
    return status;
  }

  private List<Object> rejectz() {
    List<Object> all = new ArrayList<>();
    for (RefusedResource refused : engine.refusedResources()) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("type", refused.type().shortName());
      row.put("resource", refused.name());
      row.put("count", refused.count());
      row.put("standing", refused.standing());
      row.put("lastError", refused.message());
      row.put("lastProxy", refused.proxy());
      row.put("lastTime", refused.at());
      row.put("madeOf", refused.sources());
      all.add(row);
    }
    return all;
  }

  private Page problemz() {
    List<Object> all = new ArrayList<>();
    for (Problem problem : problems.get()) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("severity", problem.severity().name().toLowerCase(Locale.ROOT));
      row.put("resource", problem.resource());
      row.put("origin", problem.violation().origin());
      row.put("path", problem.violation().path());
      row.put("found", problem.violation().found());
      row.put("expected", problem.violation().expected());
      all.add(row);
    }
    return Page.json(all);
  }
}
