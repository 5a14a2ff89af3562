package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway.FrontendValidation;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.gatewayapi.ListenerSet;
import io.meltemi.config.kind.gatewayapi.ObjectRef;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.Names;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Gateways and their listener sets: servers, what routes can be attached to, and statuses. */
final class Gateways {
  private static final String NAME_OVERRIDE = "gateway.istio.io/name-override";
  private static final String SERVICE_ACCOUNT = "gateway.istio.io/service-account";
  private static final String ADDRESS_TYPE = "networking.istio.io/address-type";
  private static final String SERVICE_TYPE = "networking.istio.io/service-type";
  private static final int HBONE_PORT = 15008;

  private final GatewayApiInputs inputs;
  private final ConfigSnapshot snapshot;
  private final GatewayClasses classes;
  private final Grants grants;
  private final Certificates certificates;
  private final NamespaceChoice namespaces;
  private final Listeners listeners;

  private final List<Resource<Gateway>> servers = new ArrayList<>();
  private final Map<Parent.Owner, List<Parent>> parents = new HashMap<>();
  private final List<ObjectStatus> statuses = new ArrayList<>();

  Gateways(GatewayApiInputs inputs, GatewayClasses classes, Grants grants) {
    this.inputs = inputs;
    this.snapshot = inputs.snapshot();
    this.classes = classes;
    this.grants = grants;
    this.certificates = new Certificates(snapshot);
    this.namespaces = new NamespaceChoice(snapshot);
    this.listeners = new Listeners(new ListenerTls(certificates, grants), namespaces);
  }

  /** Works everything out; called once. */
  void convert() {
    Map<ResourceName, List<Resource<ListenerSet>>> sets = new HashMap<>();
    for (Resource<ListenerSet> set : snapshot.list(Kinds.LISTENER_SET)) {
      ParentRef ref = set.spec().parentRef();
      if (ref.is(ParentRef.GROUP, "Gateway")) {
        sets.computeIfAbsent(
                new ResourceName(ref.namespace().orElse(set.namespace()), ref.name()),
                _ -> new ArrayList<>())
            .add(set);
      }
    }
    for (Resource<KubernetesGateway> gateway : snapshot.list(Kinds.KUBERNETES_GATEWAY)) {
      Optional<String> controller = classes.controller(gateway.spec().gatewayClassName());
      if (controller.isPresent()) {
        new OneGateway(gateway, controller.get(), sets.getOrDefault(gateway.id(), List.of()))
            .convert();
      }
    }
  }

  /** Istio's gateways, only of listeners that can be served. */
  List<Resource<Gateway>> servers() {
    return servers;
  }

  /** The listeners of a Gateway or ListenerSet that routes may name. */
  List<Parent> parents(Parent.Owner owner) {
    return parents.getOrDefault(owner, List.of());
  }

  /** The statuses, with the routes of each listener counted in. */
  List<ObjectStatus> statuses(Map<Parent.Owner, Map<String, Integer>> attached) {
    return statuses.stream()
        .map(
            status -> {
              Parent.Owner owner =
                  new Parent.Owner(
                      status.object().kind().kind(),
                      status.object().namespace(),
                      status.object().name());
              Map<String, Integer> counts = attached.getOrDefault(owner, Map.of());
              return new ObjectStatus(status.object(), counted(status.content(), counts));
            })
        .toList();
  }

  private static ObjectStatus.Content counted(
      ObjectStatus.Content content, Map<String, Integer> counts) {
    return switch (content) {
      case ObjectStatus.OfGateway gateway ->
          new ObjectStatus.OfGateway(
              gateway.addresses(),
              gateway.conditions(),
              counted(gateway.listeners(), counts),
              gateway.attachedListenerSets());
      case ObjectStatus.OfListenerSet set ->
          new ObjectStatus.OfListenerSet(set.conditions(), counted(set.listeners(), counts));
      case ObjectStatus.OfClass other -> other;
      case ObjectStatus.OfRoute other -> other;
      case ObjectStatus.OfPolicy other -> other;
      case ObjectStatus.OfIngress other -> other;
    };
  }

  private static List<ObjectStatus.OfListener> counted(
      List<ObjectStatus.OfListener> listeners, Map<String, Integer> counts) {
    return listeners.stream()
        .map(listener -> listener.withAttachedRoutes(counts.getOrDefault(listener.name(), 0)))
        .toList();
  }

  /** One gateway with the sets that want to add to it. */
  private final class OneGateway {
    private final Resource<KubernetesGateway> gateway;
    private final KubernetesGateway spec;
    private final String controller;
    private final List<Resource<ListenerSet>> sets;
    private final List<String> services = new ArrayList<>();
    private Optional<Problem> problem = Optional.empty();
    private final Set<Integer> ports = new TreeSet<>();

    OneGateway(
        Resource<KubernetesGateway> gateway, String controller, List<Resource<ListenerSet>> sets) {
      this.gateway = gateway;
      this.spec = gateway.spec();
      this.controller = controller;
      this.sets = sets;
    }

    void convert() {
      if (controller.equals(GatewayClasses.UNMANAGED_CONTROLLER)) {
        statuses.add(new ObjectStatus(gateway, unmanaged()));
        refuseSets(sets, unsupportedSets());
        return;
      }
      findServices();
      if (services.isEmpty() && problem.isPresent()) {
        report(List.of(), 0, 0);
        sets.forEach(set -> reportSet(set, List.of(), List.of(), true));
        return;
      }
      if (problem.isEmpty()) {
        problem = parametersProblem();
      }
      List<Resource<ListenerSet>> allowed = allowedSets();
      ListenerConflicts conflicts = new ListenerConflicts(gateway, allowed);
      Converted own = convert(gateway, spec.listeners(), conflicts, Optional.empty());
      Set<Parent.Owner> attached = new LinkedHashSet<>();
      Map<Resource<ListenerSet>, Converted> ofSets = new LinkedHashMap<>();
      for (Resource<ListenerSet> set : allowed) {
        Converted more =
            convert(set, set.spec().listeners(), conflicts, Optional.of(gateway.namespace()));
        ofSets.put(set, more);
        if (more.usableServers > 0) {
          attached.add(new Parent.Owner("ListenerSet", set.namespace(), set.name()));
        }
      }
      ports.addAll(own.ports);
      ofSets.values().forEach(more -> ports.addAll(more.usablePorts));
      report(own.statuses, own.usable, attached.size());
      ofSets.forEach(
          (set, more) ->
              reportSet(set, more.statuses, List.copyOf(more.ports), more.usableServers > 0));
    }

    private List<Resource<ListenerSet>> allowedSets() {
      if (!GatewayClasses.supportsListenerSets(controller)) {
        refuseSets(sets, unsupportedSets());
        return List.of();
      }
      List<Resource<ListenerSet>> allowed =
          sets.stream()
              .filter(
                  set ->
                      spec.allowedListeners()
                          .filter(
                              choice ->
                                  namespaces.contains(choice, gateway.namespace(), set.namespace()))
                          .isPresent())
              .toList();
      refuseSets(
          sets.stream().filter(set -> !allowed.contains(set)).toList(),
          "The parent Gateway does not allow this reference; check the 'spec.allowedRoutes'");
      return allowed;
    }

    private String unsupportedSets() {
      return "The \"" + spec.gatewayClassName() + "\" GatewayClass does not support ListenerSet";
    }

    private void refuseSets(List<Resource<ListenerSet>> refused, String message) {
      Problem notAllowed = new Problem("NotAllowed", message);
      for (Resource<ListenerSet> set : refused) {
        statuses.add(
            new ObjectStatus(
                set,
                new ObjectStatus.OfListenerSet(
                    new Conditions()
                        .hold(Conditions.ACCEPTED, "Accepted", "")
                        .fail(Conditions.ACCEPTED, notAllowed)
                        .hold(Conditions.PROGRAMMED, "Programmed", "")
                        .fail(Conditions.PROGRAMMED, notAllowed)
                        .finish(set.metadata().generation()),
                    List.of())));
      }
    }

    /** The listeners of one object. */
    private static final class Converted {
      final List<ObjectStatus.OfListener> statuses = new ArrayList<>();
      final List<Integer> ports = new ArrayList<>();
      final List<Integer> usablePorts = new ArrayList<>();
      int usable;
      int usableServers;
    }

    private Converted convert(
        Resource<?> object,
        List<Listener> written,
        ListenerConflicts conflicts,
        Optional<String> parentNamespace) {
      Parent.Owner owner =
          new Parent.Owner(object.kind().kind(), object.namespace(), object.name());
      Listeners.Place place =
          new Listeners.Place(
              owner, object.metadata().labels(), object.metadata().generation(), controller);
      Converted converted = new Converted();
      for (Listener listener : written) {
        Optional<String> lost = conflicts.reason(owner, listener.name());
        if (lost.isPresent()) {
          converted.statuses.add(listeners.lost(listener, lost.get(), place));
          continue;
        }
        Optional<FrontendValidation> validation = spec.tls().validation(listener.port());
        Listeners.Outcome outcome = listeners.convert(listener, place, validation);
        converted.statuses.add(outcome.status());
        converted.usable += outcome.usable() ? 1 : 0;
        outcome
            .server()
            .ifPresent(
                server -> {
                  converted.ports.add(listener.port());
                  if (outcome.usable()) {
                    converted.usableServers++;
                    converted.usablePorts.add(listener.port());
                  }
                  serve(object, listener, server, outcome.usable(), parentNamespace);
                });
      }
      return converted;
    }

    private void serve(
        Resource<?> object,
        Listener listener,
        Gateway.Server server,
        boolean usable,
        Optional<String> parentNamespace) {
      boolean waypoint =
          controller.equals(GatewayClasses.MESH_CONTROLLER)
              || (controller.equals(GatewayClasses.EAST_WEST_CONTROLLER)
                  && listener.port() == HBONE_PORT);
      if (waypoint) {
        return;
      }
      Resource<Gateway> made =
          Listeners.gateway(
              object,
              listener,
              server,
              new Listeners.Annotations(services, serviceAccount(), parentNamespace));
      Parent.Owner owner =
          new Parent.Owner(object.kind().kind(), object.namespace(), object.name());
      boolean ofSet = parentNamespace.isPresent();
      if (usable) {
        servers.add(made);
      }
      // A listener of a set that cannot be served is no parent; one of a gateway still is.
      if (usable || !ofSet) {
        parents
            .computeIfAbsent(owner, _ -> new ArrayList<>())
            .add(
                new Parent(
                    made.id().toString(),
                    owner,
                    RouteKinds.of(listener),
                    server.hosts(),
                    listener.hostname().orElse(""),
                    listener.name(),
                    listener.port(),
                    listener.protocol()));
      }
    }

    private String serviceAccount() {
      return GatewayClasses.isManaged(spec)
          ? gateway
              .metadata()
              .annotations()
              .getOrDefault(SERVICE_ACCOUNT, GatewayClasses.defaultName(gateway, controller))
          : "";
    }

    private void findServices() {
      if (GatewayClasses.isManaged(spec)) {
        services.add(
            inputs.hostname(
                gateway
                    .metadata()
                    .annotations()
                    .getOrDefault(NAME_OVERRIDE, GatewayClasses.defaultName(gateway, controller)),
                gateway.namespace()));
        return;
      }
      List<String> skipped = new ArrayList<>();
      for (KubernetesGateway.Address address : spec.addresses()) {
        if (!address.type().orElse("Hostname").equals("Hostname")) {
          skipped.add(address.value());
        } else if (address.value().contains(".")) {
          services.add(address.value());
        } else {
          services.add(inputs.hostname(address.value(), gateway.namespace()));
        }
      }
      if (!skipped.isEmpty()) {
        problem =
            Optional.of(
                new Problem(
                    "UnsupportedAddress",
                    "only Hostname is supported, ignoring [" + String.join(" ", skipped) + "]"));
      } else if (gateway.metadata().annotations().containsKey(SERVICE_TYPE)) {
        problem =
            Optional.of(
                new Problem(
                    "DeprecatedField",
                    "annotation "
                        + SERVICE_TYPE
                        + " is deprecated, use Spec.Infrastructure.Routeability"));
      }
    }

    private Optional<Problem> parametersProblem() {
      Optional<ObjectRef> ref =
          spec.infrastructure().flatMap(KubernetesGateway.Infrastructure::parametersRef);
      if (ref.isEmpty()) {
        return Optional.empty();
      }
      if (!ref.get().is("", "ConfigMap")) {
        return Optional.of(
            new Problem(
                "InvalidParameters",
                "Unsupported parametersRef group/kind "
                    + ref.get().group()
                    + "/"
                    + ref.get().kind()
                    + ", only ConfigMap is supported"));
      }
      ResourceName name = new ResourceName(gateway.namespace(), ref.get().name());
      return snapshot.get(Kinds.CONFIG_MAP, name).isPresent()
          ? Optional.empty()
          : Optional.of(
              new Problem(
                  "InvalidParameters", "parametersRef ConfigMap " + name + " does not exist"));
    }

    private Optional<Problem> clientCertificateProblem() {
      Optional<ObjectRef> written = spec.tls().clientCertificateRef();
      if (written.isEmpty()) {
        return Optional.empty();
      }
      ObjectRef ref = written.get();
      Optional<String> why = certificates.keyPairProblem(ref, gateway.namespace());
      if (why.isPresent()) {
        return Optional.of(
            new Problem(
                "InvalidClientCertificateRef",
                "invalid clientCertificateRef " + Certificates.text(ref) + ", " + why.get()));
      }
      Parent.Owner owner = new Parent.Owner("Gateway", gateway.namespace(), gateway.name());
      String namespace = ref.namespaceOr(gateway.namespace());
      boolean allowed =
          grants.allows(
              ListenerTls.party(owner), new Grants.Party("", "Secret", namespace, ref.name()));
      return allowed
          ? Optional.empty()
          : Optional.of(
              new Problem(
                  "RefNotPermitted",
                  ListenerTls.notAccessible("clientCertificateRef", ref.name(), namespace, owner)));
    }

    private ObjectStatus.Content unmanaged() {
      return new ObjectStatus.OfGateway(
          spec.addresses().stream()
              .map(a -> new ObjectStatus.Address(a.type().orElse("IPAddress"), a.value()))
              .toList(),
          new Conditions()
              .hold(Conditions.ACCEPTED, "Accepted", "Resource accepted")
              .hold(
                  Conditions.PROGRAMMED,
                  "Programmed",
                  "This Gateway is remote; Istio will not program it")
              .finish(gateway.metadata().generation()),
          List.of(),
          0);
    }

    private void report(
        List<ObjectStatus.OfListener> listenerStatuses, int usable, int attachedSets) {
      Addresses addresses = Addresses.find(inputs.services(), gateway.namespace(), services, ports);
      Conditions conditions =
          new Conditions()
              .hold(Conditions.ACCEPTED, "Accepted", "Resource accepted")
              .hold(Conditions.PROGRAMMED, "Programmed", "Resource programmed")
              .hold(Conditions.RESOLVED_REFS, "ResolvedRefs", "All references resolved");
      if (problem.isPresent()) {
        conditions.fail(Conditions.ACCEPTED, problem.get());
      } else if (usable == 0 && !spec.listeners().isEmpty()) {
        conditions.fail(
            Conditions.ACCEPTED,
            new Problem("ListenersNotValid", "None of the Gateway's listeners are valid"));
      } else if (usable < spec.listeners().size()) {
        conditions.hold(
            Conditions.ACCEPTED,
            "ListenersNotValid",
            "One or more of the Gateway's listeners are invalid");
      }
      clientCertificateProblem()
          .ifPresent(found -> conditions.fail(Conditions.RESOLVED_REFS, found));
      if (allowsInsecureFallback()) {
        conditions.hold(
            "InsecureFrontendValidationMode",
            "ConfigurationChanged",
            "Gateway is operating in AllowInsecureFallback mode for frontend validation");
      }
      addresses.report(conditions, services);
      statuses.add(
          new ObjectStatus(
              gateway,
              new ObjectStatus.OfGateway(
                  told(addresses),
                  conditions.finish(gateway.metadata().generation()),
                  listenerStatuses,
                  attachedSets)));
    }

    private boolean allowsInsecureFallback() {
      return spec.tls().defaultValidation().filter(v -> v.allowInsecureFallback()).isPresent()
          || spec.tls().perPort().values().stream()
              .anyMatch(v -> v.filter(one -> one.allowInsecureFallback()).isPresent());
    }

    /** Addresses outside, or those inside when there are none. */
    private List<ObjectStatus.Address> told(Addresses addresses) {
      List<String> told = new ArrayList<>(addresses.external);
      if (told.isEmpty()) {
        String override = gateway.metadata().annotations().getOrDefault(ADDRESS_TYPE, "");
        boolean hostnamesOnly =
            override.isEmpty()
                ? GatewayClasses.addressChoice(controller) == GatewayClasses.AddressChoice.HOSTNAME
                : override.equals("Hostname");
        if (!hostnamesOnly) {
          told.addAll(addresses.internalIps);
        }
        if (!override.equals("IPAddress")) {
          for (String address : addresses.internal) {
            String host = address.substring(0, address.lastIndexOf(':'));
            if (!addresses.pending.contains(host) && !told.contains(host)) {
              told.add(host);
            }
          }
        }
      }
      return told.stream()
          .map(text -> new ObjectStatus.Address(Names.isIp(text) ? "IPAddress" : "Hostname", text))
          .toList();
    }

    private void reportSet(
        Resource<ListenerSet> set,
        List<ObjectStatus.OfListener> listenerStatuses,
        List<Integer> setPorts,
        boolean usable) {
      Addresses addresses =
          Addresses.find(inputs.services(), gateway.namespace(), services, setPorts);
      Conditions conditions =
          new Conditions()
              .hold(Conditions.ACCEPTED, "Accepted", "Resource accepted")
              .hold(Conditions.PROGRAMMED, "Programmed", "Resource programmed");
      Problem none =
          new Problem("ListenersNotValid", "None of the ListenerSet's listeners are valid");
      if (problem.isPresent()) {
        conditions.fail(
            Conditions.ACCEPTED,
            new Problem(problem.get().reason(), "Parent not accepted: " + problem.get().message()));
      } else if (!usable) {
        conditions.fail(Conditions.ACCEPTED, none);
      }
      addresses.report(conditions, services);
      if (!usable) {
        conditions.fail(Conditions.PROGRAMMED, none);
      }
      statuses.add(
          new ObjectStatus(
              set,
              new ObjectStatus.OfListenerSet(
                  conditions.finish(set.metadata().generation()), listenerStatuses)));
    }
  }
}
