package io.meltemi.bench.translation;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.controlplane.translate.cluster.ClusterGenerator;
import io.meltemi.controlplane.translate.endpoint.EndpointGenerator;
import io.meltemi.controlplane.translate.envoyfilter.PatchedGenerator;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What a push is made of, for one proxy. What a world works out at the first question and keeps is
 * there already, but for {@link #world}, which begins with nothing.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class TranslationBenchmark {
  private static final ResourceGenerator CLUSTERS = new PatchedGenerator(new ClusterGenerator());
  private static final ResourceGenerator ENDPOINTS = new EndpointGenerator();
  private static final ResourceGenerator LISTENERS = new PatchedGenerator(new ListenerGenerator());
  private static final ResourceGenerator ROUTES = new PatchedGenerator(new RouteGenerator());

  /** As {@link TranslationInput#read} takes it. */
  @Param("mesh-100")
  public String input = "";

  private @Nullable Prepared prepared;

  /**
   * What is there before anything is measured.
   *
   * @param bodies every resource, not encoded
   * @param clusters the group of clusters
   * @param changed the same, with one that is different
   */
  private record Prepared(
      TranslationInput input,
      PushContext context,
      Asked clusterViews,
      Asked endpointViews,
      Asked listenerViews,
      Asked routeViews,
      List<GeneratedResource> bodies,
      ResourceGroup clusters,
      List<EncodedResource> changed) {}

  /** What a proxy asks of a generator. */
  private record Asked(ResourceGenerator generator, List<View> views, Set<String> names) {
    List<GeneratedResource> answer(PushContext context) {
      List<GeneratedResource> made = new ArrayList<>();
      for (View view : views) {
        made.addAll(generator.generate(view, context, names));
      }
      return made;
    }
  }

  /** Reads the input and makes everything once. */
  @Setup
  public void prepare() throws IOException {
    TranslationInput read = TranslationInput.read(input);
    PushContext context = read.world().context();
    Asked clusters = asked(CLUSTERS, read, context, Set.of());
    List<GeneratedResource> madeClusters = clusters.answer(context);
    Asked endpoints = asked(ENDPOINTS, read, context, endpointNames(madeClusters));
    Asked listeners = asked(LISTENERS, read, context, Set.of());
    List<GeneratedResource> madeListeners = listeners.answer(context);
    Asked routes = asked(ROUTES, read, context, routeNames(madeListeners));
    List<GeneratedResource> bodies = new ArrayList<>(madeClusters);
    bodies.addAll(endpoints.answer(context));
    bodies.addAll(madeListeners);
    bodies.addAll(routes.answer(context));
    List<EncodedResource> before = encoded(madeClusters);
    List<EncodedResource> changed = new ArrayList<>(before);
    changed.set(
        0,
        EncodedResource.encode(
            before.getFirst().name(),
            ((Cluster) madeClusters.getFirst().body()).toBuilder().setAltStatName("x").build()));
    prepared =
        new Prepared(
            read,
            context,
            clusters,
            endpoints,
            listeners,
            routes,
            bodies,
            ResourceGroup.of(before),
            changed);
  }

  private static Asked asked(
      ResourceGenerator generator, TranslationInput read, PushContext context, Set<String> names) {
    return new Asked(generator, generator.views(read.node(), context.views()), names);
  }

  private static Set<String> endpointNames(List<GeneratedResource> clusters) {
    Set<String> names = new TreeSet<>();
    for (GeneratedResource made : clusters) {
      if (made.body() instanceof Cluster cluster
          && cluster.getType() == Cluster.DiscoveryType.EDS) {
        String name = cluster.getEdsClusterConfig().getServiceName();
        names.add(name.isEmpty() ? cluster.getName() : name);
      }
    }
    return names;
  }

  private static Set<String> routeNames(List<GeneratedResource> listeners) throws IOException {
    Set<String> names = new TreeSet<>();
    for (GeneratedResource made : listeners) {
      Listener listener = (Listener) made.body();
      List<FilterChain> chains = new ArrayList<>(listener.getFilterChainsList());
      chains.add(listener.getDefaultFilterChain());
      for (FilterChain chain : chains) {
        for (Filter filter : chain.getFiltersList()) {
          if (filter.getTypedConfig().is(HttpConnectionManager.class)) {
            HttpConnectionManager manager =
                filter.getTypedConfig().unpack(HttpConnectionManager.class);
            if (manager.hasRds()) {
              names.add(manager.getRds().getRouteConfigName());
            }
          }
        }
      }
    }
    return names;
  }

  private static List<EncodedResource> encoded(List<GeneratedResource> made) {
    List<EncodedResource> encoded = new ArrayList<>(made.size());
    for (GeneratedResource resource : made) {
      encoded.add(EncodedResource.encode(resource.name(), resource.body()));
    }
    return encoded;
  }

  private Prepared prepared() {
    return Objects.requireNonNull(prepared, "prepared");
  }

  /** The world, from nothing. */
  @Benchmark
  public WorldBuilder.World world() {
    return prepared().input.world();
  }

  @Benchmark
  public List<GeneratedResource> clusters() {
    Prepared ready = prepared();
    return ready.clusterViews.answer(ready.context);
  }

  @Benchmark
  public List<GeneratedResource> endpoints() {
    Prepared ready = prepared();
    return ready.endpointViews.answer(ready.context);
  }

  @Benchmark
  public List<GeneratedResource> listeners() {
    Prepared ready = prepared();
    return ready.listenerViews.answer(ready.context);
  }

  @Benchmark
  public List<GeneratedResource> routes() {
    Prepared ready = prepared();
    return ready.routeViews.answer(ready.context);
  }

  /** All resources of all four types, to bytes and hashes. */
  @Benchmark
  public List<EncodedResource> encode() {
    return encoded(prepared().bodies);
  }

  /** A new group of clusters and what it differs in from the one before: one cluster. */
  @Benchmark
  public ResourceGroup.Difference difference() {
    Prepared ready = prepared();
    return ResourceGroup.of(ready.changed).since(ready.clusters);
  }
}
