package io.meltemi.controlplane.translate.envoyfilter;

import io.meltemi.config.kind.envoyfilter.EnvoyFilter.ApplyTo;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Operation;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** A generator of clusters, listeners or routes with the patches of EnvoyFilters on top. */
public final class PatchedGenerator implements ResourceGenerator {
  private static final Set<ApplyTo> CLUSTERS = EnumSet.of(ApplyTo.CLUSTER);
  private static final Set<ApplyTo> ROUTES =
      EnumSet.of(ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE);

  /** With those of routes, since listeners for inbound traffic have their routes inside. */
  private static final Set<ApplyTo> LISTENERS =
      EnumSet.of(
          ApplyTo.LISTENER,
          ApplyTo.FILTER_CHAIN,
          ApplyTo.NETWORK_FILTER,
          ApplyTo.HTTP_FILTER,
          ApplyTo.LISTENER_FILTER,
          ApplyTo.ROUTE_CONFIGURATION,
          ApplyTo.VIRTUAL_HOST,
          ApplyTo.HTTP_ROUTE);

  private final ResourceGenerator inner;

  public PatchedGenerator(ResourceGenerator inner) {
    this.inner = inner;
  }

  @Override
  public TypeUrl type() {
    return inner.type();
  }

  @Override
  public List<View> views(ProxyNode node, Views views) {
    return inner.views(node, views);
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    List<GeneratedResource> resources = inner.generate(view, context, names);
    if (context.envoyFilters().isEmpty()) {
      return resources;
    }
    if (type().equals(TypeUrl.CLUSTER)) {
      return new ClusterPatches(node, patches(view, context, CLUSTERS)).apply(resources);
    }
    if (type().equals(TypeUrl.LISTENER)) {
      return new ListenerPatches(node, context, patches(view, context, LISTENERS)).apply(resources);
    }
    if (type().equals(TypeUrl.ROUTE)) {
      return new RoutePatches(node, context, patches(view, context, ROUTES)).apply(resources);
    }
    return resources;
  }

  /** What is added to a proxy is added once, to what it sends through. */
  private static List<Patch> patches(View view, PushContext context, Set<ApplyTo> kinds) {
    List<Patch> patches = Patches.of(context).of(view.node(), context, kinds);
    return view.has(View.Part.OUTBOUND)
        ? patches
        : patches.stream().filter(patch -> !addsResource(patch)).toList();
  }

  private static boolean addsResource(Patch patch) {
    return patch.operation() == Operation.ADD
        && (patch.applyTo() == ApplyTo.CLUSTER || patch.applyTo() == ApplyTo.LISTENER);
  }

  @Override
  public List<Problem> problems(ProxyNode node, PushContext context) {
    return inner.problems(node, context);
  }

  @Override
  public List<Problem> problems(PushContext context) {
    return inner.problems(context);
  }
}
