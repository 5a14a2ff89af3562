package io.meltemi.proxy.admin;

import com.google.protobuf.Any;
import com.google.protobuf.FieldMask;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.FieldMaskUtil;
import io.envoyproxy.envoy.admin.v3.BootstrapConfigDump;
import io.envoyproxy.envoy.admin.v3.ClustersConfigDump;
import io.envoyproxy.envoy.admin.v3.ConfigDump;
import io.envoyproxy.envoy.admin.v3.EcdsConfigDump;
import io.envoyproxy.envoy.admin.v3.EndpointsConfigDump;
import io.envoyproxy.envoy.admin.v3.ListenersConfigDump;
import io.envoyproxy.envoy.admin.v3.RoutesConfigDump;
import io.envoyproxy.envoy.admin.v3.SecretsConfigDump;
import io.envoyproxy.envoy.admin.v3.UpdateFailureState;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.meltemi.proxy.snapshot.LoadedResource;
import io.meltemi.proxy.snapshot.LoadedResource.State;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** {@code /config_dump}: what was received, by type, with versions and times. */
final class ConfigDumps {
  private final AdminContext context;
  private final Instant started;

  ConfigDumps(AdminContext context) {
    this.context = context;
    this.started = context.ticker().now();
  }

  AdminReply reply(Map<String, String> query, Function<Message, AdminReply> printer) {
    Predicate<String> names = _ -> true;
    if (query.containsKey("name_regex")) {
      try {
        names = Pattern.compile(query.getOrDefault("name_regex", "")).asMatchPredicate();
      } catch (PatternSyntaxException e) {
        return AdminReply.text(400, "Error while parsing name_regex: " + e.getMessage() + "\n");
      }
    }
    boolean endpoints = query.containsKey("include_eds");
    try {
      List<Message> sections = sections(names, endpoints);
      String resource = query.getOrDefault("resource", "");
      if (!resource.isEmpty()) {
        sections = entries(sections(names, true), resource);
        if (sections.isEmpty()) {
          return AdminReply.text(404, resource + " not found in config dump\n");
        }
      }
      ConfigDump.Builder dump = ConfigDump.newBuilder();
      Redaction redaction = new Redaction(context.types().get());
      String mask = query.getOrDefault("mask", "");
      for (Message section : sections) {
        Message masked = mask.isEmpty() ? section : mask(section, mask);
        dump.addConfigs(Any.pack(redaction.apply(masked)));
      }
      return printer.apply(dump.build());
    } catch (InvalidProtocolBufferException e) {
      return AdminReply.text(500, "cannot read a resource: " + e.getMessage() + "\n");
    } catch (IllegalArgumentException e) {
      return AdminReply.text(400, e.getMessage() + "\n");
    }
  }

  private static Message mask(Message section, String paths) {
    FieldMask mask = FieldMaskUtil.fromString(paths);
    if (!FieldMaskUtil.isValid(section.getDescriptorForType(), mask)) {
      throw new IllegalArgumentException("FieldMask " + paths + " could not be successfully used.");
    }
    Message.Builder masked = section.newBuilderForType();
    FieldMaskUtil.merge(mask, section, masked);
    return masked.build();
  }

  private List<Message> sections(Predicate<String> names, boolean endpoints)
      throws InvalidProtocolBufferException {
    List<Message> sections = new ArrayList<>();
    sections.add(
        BootstrapConfigDump.newBuilder()
            .setBootstrap(Bootstrap.parseFrom(context.bootstrap().message()))
            .setLastUpdated(time(started))
            .build());
    sections.add(clusters(names));
    if (endpoints) {
      sections.add(endpoints(names));
    }
    sections.add(listeners(names));
    sections.add(routes(names));
    sections.add(secrets(names));
    EcdsConfigDump filters = filters(names);
    if (filters.getEcdsFiltersCount() > 0) {
      sections.add(filters);
    }
    return sections;
  }

  private Collection<LoadedResource> list(TypeUrl type, State state, Predicate<String> names) {
    return context.running().resources().list(type, state).stream()
        .filter(resource -> names.test(resource.name()))
        .toList();
  }

  private Message clusters(Predicate<String> names) {
    ClustersConfigDump.Builder dump =
        ClustersConfigDump.newBuilder().setVersionInfo(version(TypeUrl.CLUSTER));
    for (LoadedResource resource : list(TypeUrl.CLUSTER, State.ACTIVE, names)) {
      if (resource.isStatic()) {
        dump.addStaticClusters(
            ClustersConfigDump.StaticCluster.newBuilder()
                .setCluster(resource.body())
                .setLastUpdated(time(resource.lastUpdated())));
      } else {
        dump.addDynamicActiveClusters(dynamic(resource));
      }
    }
    list(TypeUrl.CLUSTER, State.WARMING, names)
        .forEach(resource -> dump.addDynamicWarmingClusters(dynamic(resource)));
    list(TypeUrl.CLUSTER, State.REFUSED, names)
        .forEach(
            resource ->
                dump.addDynamicActiveClusters(
                    ClustersConfigDump.DynamicCluster.newBuilder()
                        .setErrorState(failure(resource))));
    return dump.build();
  }

  private static ClustersConfigDump.DynamicCluster dynamic(LoadedResource resource) {
    return ClustersConfigDump.DynamicCluster.newBuilder()
        .setVersionInfo(resource.version())
        .setCluster(resource.body())
        .setLastUpdated(time(resource.lastUpdated()))
        .build();
  }

  private Message listeners(Predicate<String> names) {
    ListenersConfigDump.Builder dump =
        ListenersConfigDump.newBuilder().setVersionInfo(version(TypeUrl.LISTENER));
    Map<String, ListenersConfigDump.DynamicListener.Builder> dynamic =
        new java.util.LinkedHashMap<>();
    for (LoadedResource resource : list(TypeUrl.LISTENER, State.ACTIVE, names)) {
      if (resource.isStatic()) {
        dump.addStaticListeners(
            ListenersConfigDump.StaticListener.newBuilder()
                .setListener(resource.body())
                .setLastUpdated(time(resource.lastUpdated())));
      } else {
        slot(dynamic, resource).setActiveState(state(resource));
      }
    }
    list(TypeUrl.LISTENER, State.WARMING, names)
        .forEach(resource -> slot(dynamic, resource).setWarmingState(state(resource)));
    list(TypeUrl.LISTENER, State.REFUSED, names)
        .forEach(resource -> slot(dynamic, resource).setErrorState(failure(resource)));
    dynamic.values().forEach(dump::addDynamicListeners);
    return dump.build();
  }

  private static ListenersConfigDump.DynamicListener.Builder slot(
      Map<String, ListenersConfigDump.DynamicListener.Builder> slots, LoadedResource resource) {
    return slots.computeIfAbsent(
        resource.name(), name -> ListenersConfigDump.DynamicListener.newBuilder().setName(name));
  }

  private static ListenersConfigDump.DynamicListenerState state(LoadedResource resource) {
    return ListenersConfigDump.DynamicListenerState.newBuilder()
        .setVersionInfo(resource.version())
        .setListener(resource.body())
        .setLastUpdated(time(resource.lastUpdated()))
        .build();
  }

  private Message routes(Predicate<String> names) {
    RoutesConfigDump.Builder dump = RoutesConfigDump.newBuilder();
    for (LoadedResource resource : list(TypeUrl.ROUTE, State.ACTIVE, names)) {
      dump.addDynamicRouteConfigs(
          RoutesConfigDump.DynamicRouteConfig.newBuilder()
              .setVersionInfo(resource.version())
              .setRouteConfig(resource.body())
              .setLastUpdated(time(resource.lastUpdated())));
    }
    return dump.build();
  }

  /** Private keys are blackened with the rest of the dump. */
  private Message secrets(Predicate<String> names) {
    SecretsConfigDump.Builder dump = SecretsConfigDump.newBuilder();
    for (LoadedResource resource : list(TypeUrl.SECRET, State.ACTIVE, names)) {
      if (resource.isStatic()) {
        dump.addStaticSecrets(
            SecretsConfigDump.StaticSecret.newBuilder()
                .setName(resource.name())
                .setLastUpdated(time(resource.lastUpdated()))
                .setSecret(resource.body()));
      } else {
        dump.addDynamicActiveSecrets(secret(resource));
      }
    }
    list(TypeUrl.SECRET, State.WARMING, names)
        .forEach(resource -> dump.addDynamicWarmingSecrets(secret(resource)));
    for (LoadedResource resource : list(TypeUrl.SECRET, State.REFUSED, names)) {
      dump.addDynamicWarmingSecrets(
          SecretsConfigDump.DynamicSecret.newBuilder()
              .setName(resource.name())
              .setErrorState(failure(resource)));
    }
    return dump.build();
  }

  private static SecretsConfigDump.DynamicSecret secret(LoadedResource resource) {
    return SecretsConfigDump.DynamicSecret.newBuilder()
        .setName(resource.name())
        .setVersionInfo(resource.version())
        .setLastUpdated(time(resource.lastUpdated()))
        .setSecret(resource.body())
        .build();
  }

  private EcdsConfigDump filters(Predicate<String> names) {
    EcdsConfigDump.Builder dump = EcdsConfigDump.newBuilder();
    for (LoadedResource resource : list(TypeUrl.EXTENSION_CONFIG, State.ACTIVE, names)) {
      dump.addEcdsFilters(
          EcdsConfigDump.EcdsFilterConfig.newBuilder()
              .setVersionInfo(resource.version())
              .setEcdsFilter(resource.body())
              .setLastUpdated(time(resource.lastUpdated())));
    }
    for (LoadedResource resource : list(TypeUrl.EXTENSION_CONFIG, State.REFUSED, names)) {
      dump.addEcdsFilters(
          EcdsConfigDump.EcdsFilterConfig.newBuilder().setErrorState(failure(resource)));
    }
    return dump.build();
  }

  private Message endpoints(Predicate<String> names) {
    EndpointsConfigDump.Builder dump = EndpointsConfigDump.newBuilder();
    for (LoadedResource resource : list(TypeUrl.ENDPOINT, State.ACTIVE, names)) {
      dump.addDynamicEndpointConfigs(
          EndpointsConfigDump.DynamicEndpointConfig.newBuilder()
              .setVersionInfo(resource.version())
              .setEndpointConfig(resource.body())
              .setLastUpdated(time(resource.lastUpdated())));
    }
    return dump.build();
  }

  private static UpdateFailureState failure(LoadedResource resource) {
    return UpdateFailureState.newBuilder()
        .setFailedConfiguration(resource.body())
        .setLastUpdateAttempt(time(resource.lastUpdated()))
        .setDetails(resource.error())
        .setVersionInfo(resource.version())
        .build();
  }

  /** The entries of one repeated field of whichever section has it. */
  private static List<Message> entries(List<Message> sections, String field) {
    List<Message> entries = new ArrayList<>();
    for (Message section : sections) {
      var descriptor = section.getDescriptorForType().findFieldByName(field);
      if (descriptor != null && descriptor.isRepeated()) {
        for (int i = 0; i < section.getRepeatedFieldCount(descriptor); i++) {
          entries.add((Message) section.getRepeatedField(descriptor, i));
        }
      }
    }
    return entries;
  }

  private String version(TypeUrl type) {
    return context.running().resources().list(type, State.ACTIVE).stream()
        .filter(resource -> !resource.isStatic())
        .map(LoadedResource::version)
        .reduce("", (_, latest) -> latest);
  }

  private static Timestamp time(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
