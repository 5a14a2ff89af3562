package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.Problem;
import io.meltemi.config.traffic.StringMatch;
import io.meltemi.controlplane.registry.ExportTo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * Puts the routes of delegates in the place of the rules that refer to them.
 *
 * <p>A delegate's match must narrow a match of the root; a route of which no match does is left
 * out, and so is a rule whose delegate is missing or not exported to the root's namespace. What the
 * delegate's route does not say is taken from the root's rule.
 */
final class Delegation {
  private final Map<ResourceName, Resource<VirtualService>> delegates = new HashMap<>();
  private final Map<ResourceName, ExportTo> exports = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  /**
   * Collects the delegates.
   *
   * @param resources delegates and others, with names completed
   * @param defaultExportTo of the mesh
   */
  Delegation(List<Resource<VirtualService>> resources, List<String> defaultExportTo) {
    for (Resource<VirtualService> resource : resources) {
      if (resource.spec().isDelegate()) {
        delegates.put(resource.id(), resource);
        exports.put(
            resource.id(),
            ExportTo.of(resource.spec().exportTo(), defaultExportTo, resource.namespace()));
      }
    }
  }

  /** The root with its delegates' routes inside; itself when it refers to none. */
  Resource<VirtualService> resolve(Resource<VirtualService> root) {
    if (root.spec().http().stream()
        .noneMatch(route -> route.action() instanceof HttpAction.Delegate)) {
      return root;
    }
    List<HttpRoute> routes = new ArrayList<>();
    for (int i = 0; i < root.spec().http().size(); i++) {
      HttpRoute route = root.spec().http().get(i);
      if (route.action() instanceof HttpAction.Delegate reference) {
        Optional<Resource<VirtualService>> delegate = find(reference, root.namespace());
        if (delegate.isPresent()) {
          routes.addAll(merge(root, route, reference, delegate.get()));
        } else {
          problem(
              root,
              "spec.http[" + i + "].delegate",
              reference.namespace() + '/' + reference.name(),
              "a VirtualService without hosts that is exported to " + root.namespace());
        }
      } else {
        routes.add(route);
      }
    }
    VirtualService spec = root.spec();
    return new Resource<>(
        root.kind(),
        root.metadata(),
        new VirtualService(
            spec.hosts(), spec.gateways(), routes, spec.tls(), spec.tcp(), spec.exportTo()),
        root.origin());
  }

  /** What was left out, and why. */
  List<Problem> problems() {
    return problems;
  }

  private void problem(Resource<VirtualService> in, String path, String found, String expected) {
    problems.add(
        new Problem(
            Problem.Severity.WARNING,
            in.toString(),
            new Violation(in.origin(), path, found, expected)));
  }

  private List<HttpRoute> merge(
      Resource<VirtualService> root,
      HttpRoute route,
      HttpAction.Delegate reference,
      Resource<VirtualService> delegate) {
    List<HttpRoute> merged = new ArrayList<>();
    for (int i = 0; i < delegate.spec().http().size(); i++) {
      Optional<HttpRoute> one = merge(route, reference, delegate.spec().http().get(i));
      one.ifPresent(merged::add);
      if (one.isEmpty()) {
        problem(
            delegate,
            "spec.http[" + i + "].match",
            "a match that does not narrow one of " + root,
            "a part of what is delegated to it; the route is left out");
      }
    }
    return merged;
  }

  private Optional<Resource<VirtualService>> find(
      HttpAction.Delegate reference, String rootNamespace) {
    String namespace = reference.namespace().isEmpty() ? rootNamespace : reference.namespace();
    ResourceName name = new ResourceName(namespace, reference.name());
    return Optional.ofNullable(delegates.get(name))
        .filter(_ -> exports.getOrDefault(name, ExportTo.NOBODY).visibleTo(rootNamespace));
  }

  private static Optional<HttpRoute> merge(
      HttpRoute root, HttpAction.Delegate reference, HttpRoute inner) {
    Optional<List<HttpMatch>> match = matches(root.match(), inner.match());
    // only one level is followed
    if (match.isEmpty() || inner.action() instanceof HttpAction.Delegate) {
      return Optional.empty();
    }
    HttpAction action = inner.action();
    if (action instanceof HttpAction.Forward forward
        && forward.destinations().isEmpty()
        && reference.inherited().isPresent()) {
      action = reference.inherited().get();
    }
    HttpRoute.Policy outer = root.policy();
    HttpRoute.Policy own = inner.policy();
    return Optional.of(
        new HttpRoute(
            joined(root.name(), inner.name()),
            match.get(),
            action,
            new HttpRoute.Policy(
                own.rewrite().or(outer::rewrite),
                own.timeout().or(outer::timeout),
                own.retries().or(outer::retries),
                own.fault().or(outer::fault),
                own.mirrors().isEmpty() ? outer.mirrors() : own.mirrors(),
                own.cors().or(outer::cors),
                own.headers().isEmpty() ? outer.headers() : own.headers())));
  }

  private static String joined(String root, String inner) {
    if (root.isEmpty() || inner.isEmpty()) {
      return root + inner;
    }
    return root + '-' + inner;
  }

  /** Empty when a match of the delegate narrows none of the root. */
  private static Optional<List<HttpMatch>> matches(List<HttpMatch> root, List<HttpMatch> inner) {
    if (root.isEmpty() || inner.isEmpty()) {
      return Optional.of(root.isEmpty() ? inner : root);
    }
    List<HttpMatch> merged = new ArrayList<>();
    for (HttpMatch narrow : inner) {
      List<HttpMatch> found =
          root.stream()
              .filter(wide -> narrows(wide, narrow))
              .map(wide -> merge(wide, narrow))
              .toList();
      if (found.isEmpty()) {
        return Optional.empty();
      }
      merged.addAll(found);
    }
    return Optional.of(merged);
  }

  private static boolean narrows(HttpMatch wide, HttpMatch narrow) {
    HttpMatch.Request outer = wide.request();
    HttpMatch.Request own = narrow.request();
    return outer.ignoreUriCase() == own.ignoreUriCase()
        && narrows(outer.uri(), own.uri())
        && narrows(outer.scheme(), own.scheme())
        && narrows(outer.method(), own.method())
        && narrows(outer.authority(), own.authority())
        && narrows(outer.headers(), own.headers())
        && narrows(outer.withoutHeaders(), own.withoutHeaders())
        && narrows(outer.queryParams(), own.queryParams())
        && narrows(wide.port(), narrow.port())
        && narrows(wide.source(), narrow.source());
  }

  private static boolean narrows(OptionalInt wide, OptionalInt narrow) {
    return wide.isEmpty() || narrow.isEmpty() || wide.equals(narrow);
  }

  private static boolean narrows(SourceMatch wide, SourceMatch narrow) {
    boolean labels =
        wide.labels().values().entrySet().stream()
            .allMatch(
                entry ->
                    narrow.labels().get(entry.getKey(), entry.getValue()).equals(entry.getValue()));
    boolean namespace =
        wide.namespace().isEmpty()
            || narrow.namespace().isEmpty()
            || wide.namespace().equals(narrow.namespace());
    boolean gateways =
        wide.gateways().isEmpty() || Set.copyOf(wide.gateways()).containsAll(narrow.gateways());
    return labels && namespace && gateways;
  }

  private static boolean narrows(Map<String, StringMatch> wide, Map<String, StringMatch> narrow) {
    return wide.entrySet().stream()
        .allMatch(
            entry ->
                narrows(
                    Optional.of(entry.getValue()),
                    Optional.ofNullable(narrow.get(entry.getKey()))));
  }

  /** An expression cannot be compared, so it stands only where the other side says nothing. */
  private static boolean narrows(Optional<StringMatch> wide, Optional<StringMatch> narrow) {
    if (wide.isEmpty() || narrow.isEmpty()) {
      return true;
    }
    return switch (wide.get()) {
      case StringMatch.Regex _ -> false;
      case StringMatch.Present() -> !(narrow.get() instanceof StringMatch.Regex);
      case StringMatch.Exact(String value) -> narrow.get().equals(new StringMatch.Exact(value));
      case StringMatch.Prefix(String prefix) ->
          switch (narrow.get()) {
            case StringMatch.Exact(String value) -> value.startsWith(prefix);
            case StringMatch.Prefix(String value) -> value.startsWith(prefix);
            case StringMatch.Regex _, StringMatch.Present _ -> false;
          };
    };
  }

  private static HttpMatch merge(HttpMatch wide, HttpMatch narrow) {
    HttpMatch.Request outer = wide.request();
    HttpMatch.Request own = narrow.request();
    return new HttpMatch(
        joined(wide.name(), narrow.name()),
        new HttpMatch.Request(
            own.uri().or(outer::uri),
            own.ignoreUriCase(),
            own.scheme().or(outer::scheme),
            own.method().or(outer::method),
            own.authority().or(outer::authority),
            merge(outer.headers(), own.headers()),
            merge(outer.withoutHeaders(), own.withoutHeaders()),
            merge(outer.queryParams(), own.queryParams())),
        merge(wide.source(), narrow.source()),
        narrow.port().isPresent() ? narrow.port() : wide.port(),
        narrow.statPrefix().isEmpty() ? wide.statPrefix() : narrow.statPrefix());
  }

  private static SourceMatch merge(SourceMatch wide, SourceMatch narrow) {
    return new SourceMatch(
        Labels.of(merge(wide.labels().values(), narrow.labels().values())),
        narrow.namespace().isEmpty() ? wide.namespace() : narrow.namespace(),
        narrow.gateways().isEmpty() ? wide.gateways() : narrow.gateways());
  }

  private static <T> Map<String, T> merge(Map<String, T> wide, Map<String, T> narrow) {
    Map<String, T> merged = new TreeMap<>(wide);
    merged.putAll(narrow);
    return merged;
  }
}
