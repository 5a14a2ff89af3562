package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UInt64Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.CommonLbConfig;
import io.envoyproxy.envoy.config.cluster.v3.LoadBalancingPolicy;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin;
import io.envoyproxy.envoy.extensions.load_balancing_policies.cluster_provided.v3.ClusterProvided;
import io.envoyproxy.envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig;
import io.envoyproxy.envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig;
import io.envoyproxy.envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest;
import io.envoyproxy.envoy.extensions.load_balancing_policies.maglev.v3.Maglev;
import io.envoyproxy.envoy.extensions.load_balancing_policies.random.v3.Random;
import io.envoyproxy.envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash;
import io.envoyproxy.envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin;
import io.envoyproxy.envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality;
import io.meltemi.proxy.cluster.ClusterSettings.Balancing;
import io.meltemi.proxy.cluster.ClusterSettings.Discovery;
import io.meltemi.proxy.cluster.ClusterSettings.Guidance;
import io.meltemi.proxy.cluster.ClusterSettings.Hashing;
import io.meltemi.proxy.cluster.ClusterSettings.LbPolicy;
import io.meltemi.proxy.cluster.ClusterSettings.LoadReports;
import io.meltemi.proxy.cluster.ClusterSettings.Panic;
import io.meltemi.proxy.cluster.ClusterSettings.SlowStart;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.NewerMessages;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/** Load balancing from protos: {@code lb_policy}, or the extensions that stand for it. */
final class LoadBalancingParser {
  private static final SupportedFields COMMON =
      SupportedFields.of(
              CommonLbConfig.class,
              "healthy_panic_threshold",
              "locality_weighted_lb_config",
              "consistent_hashing_lb_config",
              "zone_aware_lb_config",
              "ignore_new_hosts_until_first_hc")
          .withoutEffect(
              "updates are applied as they come",
              "update_merge_window",
              "close_connections_on_host_set_change");
  private static final String NO_ZONES =
      "there is no local cluster, without which zone aware routing does nothing";
  private static final SupportedFields ZONE_AWARE =
      SupportedFields.of(CommonLbConfig.ZoneAwareLbConfig.class, "fail_traffic_on_panic")
          .withoutEffect(NO_ZONES, "routing_enabled", "min_cluster_size");
  private static final SupportedFields LEAST_REQUEST =
      SupportedFields.of(Cluster.LeastRequestLbConfig.class, "choice_count", "slow_start_config")
          .withoutEffect("weights are not lowered by requests under way", "active_request_bias");
  private static final SupportedFields ROUND_ROBIN =
      SupportedFields.of(Cluster.RoundRobinLbConfig.class, "slow_start_config");
  private static final SupportedFields SLOW_START =
      SupportedFields.of(
          Cluster.SlowStartConfig.class, "slow_start_window", "aggression", "min_weight_percent");
  private static final SupportedFields RING_HASH =
      SupportedFields.of(
          Cluster.RingHashLbConfig.class,
          "minimum_ring_size",
          "maximum_ring_size",
          "hash_function");
  private static final SupportedFields MAGLEV =
      SupportedFields.of(Cluster.MaglevLbConfig.class, "table_size");
  private static final SupportedFields CONSISTENT =
      SupportedFields.of(
          CommonLbConfig.ConsistentHashingLbConfig.class,
          "use_hostname_for_hashing",
          "hash_balance_factor");

  private static final SupportedFields TYPED_CONSISTENT =
      SupportedFields.of(
          ConsistentHashingLbConfig.class, "use_hostname_for_hashing", "hash_balance_factor");
  private static final SupportedFields TYPED_SLOW_START =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig.class,
          "slow_start_window",
          "aggression",
          "min_weight_percent");
  private static final SupportedFields TYPED_LOCALITY =
      SupportedFields.of(
          LocalityLbConfig.class, "locality_weighted_lb_config", "zone_aware_lb_config");
  private static final SupportedFields TYPED_ZONE_AWARE =
      SupportedFields.of(LocalityLbConfig.ZoneAwareLbConfig.class, "fail_traffic_on_panic")
          .withoutEffect(
              NO_ZONES,
              "routing_enabled",
              "min_cluster_size",
              "force_locality_direct_routing",
              "force_local_zone");
  private static final SupportedFields TYPED_ROUND_ROBIN =
      SupportedFields.of(RoundRobin.class, "slow_start_config", "locality_lb_config");
  private static final SupportedFields TYPED_LEAST_REQUEST =
      SupportedFields.of(
              LeastRequest.class, "choice_count", "slow_start_config", "locality_lb_config")
          .withoutEffect("weights are not lowered by requests under way", "active_request_bias");
  private static final SupportedFields TYPED_RANDOM =
      SupportedFields.of(Random.class, "locality_lb_config");
  private static final SupportedFields TYPED_RING_HASH =
      SupportedFields.of(
          RingHash.class,
          "hash_function",
          "minimum_ring_size",
          "maximum_ring_size",
          "use_hostname_for_hashing",
          "hash_balance_factor",
          "consistent_hashing_lb_config",
          "locality_weighted_lb_config");
  private static final SupportedFields TYPED_MAGLEV =
      SupportedFields.of(
          Maglev.class,
          "table_size",
          "consistent_hashing_lb_config",
          "locality_weighted_lb_config");
  private static final SupportedFields WRR_LOCALITY =
      SupportedFields.of(WrrLocality.class, "endpoint_picking_policy");

  private static final SupportedFields CLIENT_SIDE_WEIGHTED =
      SupportedFields.of(
              ClientSideWeightedRoundRobin.class,
              "enable_oob_load_report",
              "blackout_period",
              "weight_expiration_period",
              "weight_update_period",
              "error_utilization_penalty",
              "metric_names_for_computing_utilization",
              "slow_start_config")
          .withoutEffect("reports come with responses", "oob_reporting_period");
  private static final long UPDATE_NANOS_MIN = 100_000_000;
  private static final int CHOICES_MAX = 64;
  private static final long RING_SIZE_LIMIT = 8L * 1024 * 1024;
  private static final long TABLE_SIZE_LIMIT = 5_000_011;

  /** A policy may hold another one; nobody writes more of them. */
  private static final int DEPTH_MAX = 4;

  /** What was read of a policy; parts that it does not have are the defaults. */
  private record Policy(
      LbPolicy kind,
      int choices,
      Hashing hashing,
      SlowStart slowStart,
      Localities localities,
      Guidance guidance) {
    static Policy of(LbPolicy kind) {
      return new Policy(
          kind,
          Balancing.DEFAULT.choices(),
          Hashing.DEFAULT,
          SlowStart.NONE,
          Localities.NONE,
          Guidance.NONE);
    }

    Policy weightingLocalities(boolean weighted) {
      return with(new Localities(weighted, localities.failsInPanic()));
    }

    Policy with(Localities other) {
      return new Policy(kind, choices, hashing, slowStart, other, guidance);
    }

    Policy with(Guidance other) {
      return new Policy(kind, choices, hashing, slowStart, localities, other);
    }
  }

  /** What localities count for, and whether requests fail when too few hosts are healthy. */
  private record Localities(boolean weighted, boolean failsInPanic) {
    static final Localities NONE = new Localities(false, false);
  }

  private LoadBalancingParser() {}

  static Balancing parse(Cluster proto, Discovery discovery, ParseScope scope) {
    CommonLbConfig common = proto.getCommonLbConfig();
    ParseScope commonScope = scope.field("common_lb_config");
    COMMON.check(common, commonScope);
    Policy policy =
        proto.hasLoadBalancingPolicy()
            ? typed(proto.getLoadBalancingPolicy(), 0, scope.field("load_balancing_policy"))
            : classic(proto, scope);
    boolean originalDst = discovery instanceof Discovery.OriginalDst;
    if (originalDst != (policy.kind() == LbPolicy.CLUSTER_PROVIDED) && !proto.hasClusterType()) {
      scope
          .field(proto.hasLoadBalancingPolicy() ? "load_balancing_policy" : "lb_policy")
          .error(
              policy.kind().name(),
              originalDst
                  ? "CLUSTER_PROVIDED for ORIGINAL_DST"
                  : "CLUSTER_PROVIDED only for ORIGINAL_DST");
    }
    if (common.getConsistentHashingLbConfig().getUseHostnameForHashing()
        && !(discovery instanceof Discovery.StrictDns)) {
      commonScope
          .field("consistent_hashing_lb_config")
          .field("use_hostname_for_hashing")
          .error("true", "false: only STRICT_DNS clusters may be hashed by host names");
    }
    double panic =
        common.hasHealthyPanicThreshold()
            ? common.getHealthyPanicThreshold().getValue()
            : Panic.DEFAULT.percent();
    if (!(panic >= 0 && panic <= 100)) {
      commonScope.field("healthy_panic_threshold").error("" + panic, "0 to 100");
    }
    return new Balancing(
        policy.kind(),
        policy.choices(),
        policy.hashing(),
        policy.slowStart(),
        new Panic(panic, policy.localities().failsInPanic()),
        policy.localities().weighted(),
        new ClusterSettings.Health(
            proto.getCloseConnectionsOnHostHealthFailure(), common.getIgnoreNewHostsUntilFirstHc()),
        policy.guidance());
  }

  // ---- lb_policy

  private static Policy classic(Cluster proto, ParseScope scope) {
    CommonLbConfig common = proto.getCommonLbConfig();
    ZONE_AWARE.check(
        common.getZoneAwareLbConfig(),
        scope.field("common_lb_config").field("zone_aware_lb_config"));
    Localities localities =
        new Localities(
            common.hasLocalityWeightedLbConfig(),
            common.getZoneAwareLbConfig().getFailTrafficOnPanic());
    ParseScope ring = scope.field("ring_hash_lb_config");
    RING_HASH.check(proto.getRingHashLbConfig(), ring);
    MAGLEV.check(proto.getMaglevLbConfig(), scope.field("maglev_lb_config"));
    ROUND_ROBIN.check(proto.getRoundRobinLbConfig(), scope.field("round_robin_lb_config"));
    ParseScope least = scope.field("least_request_lb_config");
    LEAST_REQUEST.check(proto.getLeastRequestLbConfig(), least);
    Policy policy =
        switch (proto.getLbPolicy()) {
          case ROUND_ROBIN ->
              withSlowStart(
                  LbPolicy.ROUND_ROBIN,
                  2,
                  proto.getRoundRobinLbConfig().hasSlowStartConfig()
                      ? slowStart(
                          proto.getRoundRobinLbConfig().getSlowStartConfig(),
                          scope.field("round_robin_lb_config").field("slow_start_config"))
                      : SlowStart.NONE);
          case LEAST_REQUEST -> {
            Cluster.LeastRequestLbConfig config = proto.getLeastRequestLbConfig();
            yield withSlowStart(
                LbPolicy.LEAST_REQUEST,
                choices(config.hasChoiceCount(), config.getChoiceCount(), least),
                config.hasSlowStartConfig()
                    ? slowStart(config.getSlowStartConfig(), least.field("slow_start_config"))
                    : SlowStart.NONE);
          }
          case RANDOM -> Policy.of(LbPolicy.RANDOM);
          case RING_HASH -> {
            Hashing hashing = consistent(common, scope.field("common_lb_config"));
            Cluster.RingHashLbConfig config = proto.getRingHashLbConfig();
            Hashing.Function function =
                switch (config.getHashFunction()) {
                  case XX_HASH -> Hashing.Function.XX_HASH;
                  case MURMUR_HASH_2 -> Hashing.Function.MURMUR_HASH_2;
                  case UNRECOGNIZED -> {
                    ring.field("hash_function").error("unknown", "XX_HASH or MURMUR_HASH_2");
                    yield Hashing.Function.XX_HASH;
                  }
                };
            RingSizes sizes =
                new RingSizes(
                    size(config.hasMinimumRingSize(), config.getMinimumRingSize(), 1024),
                    size(
                        config.hasMaximumRingSize(), config.getMaximumRingSize(), RING_SIZE_LIMIT));
            yield hashed(LbPolicy.RING_HASH, ring(hashing, function, sizes, ring));
          }
          case MAGLEV -> {
            Hashing hashing = consistent(common, scope.field("common_lb_config"));
            yield hashed(
                LbPolicy.MAGLEV,
                table(
                    hashing,
                    proto.getMaglevLbConfig().hasTableSize(),
                    proto.getMaglevLbConfig().getTableSize(),
                    scope.field("maglev_lb_config")));
          }
          case CLUSTER_PROVIDED -> Policy.of(LbPolicy.CLUSTER_PROVIDED);
          case LOAD_BALANCING_POLICY_CONFIG, UNRECOGNIZED -> {
            scope.field("lb_policy").unsupported(proto.getLbPolicy().name());
            yield Policy.of(LbPolicy.ROUND_ROBIN);
          }
        };
    return policy.with(localities);
  }

  private static Hashing consistent(CommonLbConfig common, ParseScope scope) {
    CommonLbConfig.ConsistentHashingLbConfig config = common.getConsistentHashingLbConfig();
    ParseScope at = scope.field("consistent_hashing_lb_config");
    CONSISTENT.check(config, at);
    return hashing(
        config.getUseHostnameForHashing(),
        config.hasHashBalanceFactor(),
        config.getHashBalanceFactor(),
        at);
  }

  // ---- load_balancing_policy

  /** The first policy of the list that is known here, as Envoy takes it. */
  private static Policy typed(LoadBalancingPolicy proto, int depth, ParseScope scope) {
    List<LoadBalancingPolicy.Policy> policies = proto.getPoliciesList();
    StringBuilder unknown = new StringBuilder();
    for (int i = 0; i < policies.size() && depth < DEPTH_MAX; i++) {
      TypedExtensionConfig extension = policies.get(i).getTypedExtensionConfig();
      ParseScope at =
          scope.field("policies", i).field("typed_extension_config").field("typed_config");
      Optional<Policy> policy = typed(extension.getTypedConfig(), depth, at);
      if (policy.isPresent()) {
        return policy.get();
      }
      unknown.append(i == 0 ? "" : ", ").append(extension.getTypedConfig().getTypeUrl());
    }
    scope.field("policies").unsupported(unknown.isEmpty() ? "none" : unknown.toString());
    return Policy.of(LbPolicy.ROUND_ROBIN);
  }

  private static Optional<Policy> typed(Any any, int depth, ParseScope scope) {
    if (MessageTypes.holds(any, RoundRobin.class)) {
      return scope
          .unpack(any, RoundRobin.class, TYPED_ROUND_ROBIN)
          .map(config -> roundRobin(config, scope));
    }
    if (MessageTypes.holds(any, LeastRequest.class)) {
      return scope
          .unpack(any, LeastRequest.class, TYPED_LEAST_REQUEST)
          .map(config -> leastRequest(config, scope));
    }
    if (MessageTypes.holds(any, Random.class)) {
      return scope.unpack(any, Random.class, TYPED_RANDOM).map(config -> random(config, scope));
    }
    if (MessageTypes.holds(any, RingHash.class)) {
      return scope
          .unpack(any, RingHash.class, TYPED_RING_HASH)
          .map(config -> ringHash(config, scope));
    }
    if (MessageTypes.holds(any, Maglev.class)) {
      return scope.unpack(any, Maglev.class, TYPED_MAGLEV).map(config -> maglev(config, scope));
    }
    if (MessageTypes.holds(any, ClusterProvided.class)) {
      return Optional.of(Policy.of(LbPolicy.CLUSTER_PROVIDED));
    }
    if (MessageTypes.holds(any, ClientSideWeightedRoundRobin.class)) {
      return scope
          .unpack(any, ClientSideWeightedRoundRobin.class, CLIENT_SIDE_WEIGHTED)
          .map(config -> clientSideWeighted(config, scope));
    }
    if (any.getTypeUrl().endsWith("/" + NewerMessages.OVERRIDE_HOST)) {
      return overrideHost(any, depth, scope);
    }
    if (MessageTypes.holds(any, WrrLocality.class)) {
      return scope
          .unpack(any, WrrLocality.class, WRR_LOCALITY)
          .map(
              config ->
                  typed(
                          config.getEndpointPickingPolicy(),
                          depth + 1,
                          scope.field("endpoint_picking_policy"))
                      .weightingLocalities(true));
    }
    return Optional.empty();
  }

  private static Policy clientSideWeighted(ClientSideWeightedRoundRobin config, ParseScope scope) {
    if (config.getEnableOobLoadReport().getValue()) {
      scope.field("enable_oob_load_report").unsupported("true");
    }
    LoadReports defaults = LoadReports.DEFAULT;
    double penalty =
        config.hasErrorUtilizationPenalty()
            ? config.getErrorUtilizationPenalty().getValue()
            : defaults.errorPenalty();
    if (!(penalty >= 0)) {
      scope.field("error_utilization_penalty").error("" + penalty, "0 or more");
    }
    LoadReports reports =
        new LoadReports(
            config.hasBlackoutPeriod()
                ? scope.field("blackout_period").durationNanos(config.getBlackoutPeriod())
                : defaults.blackoutNanos(),
            config.hasWeightExpirationPeriod()
                ? scope
                    .field("weight_expiration_period")
                    .durationNanos(config.getWeightExpirationPeriod())
                : defaults.expirationNanos(),
            config.hasWeightUpdatePeriod()
                ? Math.max(
                    UPDATE_NANOS_MIN,
                    scope
                        .field("weight_update_period")
                        .durationNanos(config.getWeightUpdatePeriod()))
                : defaults.updateNanos(),
            penalty,
            config.getMetricNamesForComputingUtilizationList());
    SlowStart slowStart = SlowStart.NONE;
    ParseScope at = scope.field("slow_start_config");
    for (var written :
        NewerFields.messages(
            config.getUnknownFields(),
            NewerFields.REPORTS_SLOW_START,
            io.envoyproxy.envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig
                .parser(),
            at)) {
      slowStart = slowStart(written, at);
    }
    return withSlowStart(LbPolicy.CLIENT_SIDE_WEIGHTED, 2, slowStart)
        .with(new Guidance(List.of(), reports));
  }

  private static Optional<Policy> overrideHost(Any any, int depth, ParseScope scope) {
    OverrideHosts config = OverrideHosts.parse(any, scope);
    return config
        .fallback()
        .map(
            fallback -> {
              Policy policy = typed(fallback, depth + 1, scope.field("fallback_policy"));
              return policy.with(new Guidance(config.sources(), policy.guidance().reports()));
            });
  }

  private static Policy roundRobin(RoundRobin config, ParseScope scope) {
    return withSlowStart(
            LbPolicy.ROUND_ROBIN,
            2,
            config.hasSlowStartConfig()
                ? slowStart(config.getSlowStartConfig(), scope.field("slow_start_config"))
                : SlowStart.NONE)
        .with(localities(config.getLocalityLbConfig(), scope));
  }

  private static Policy leastRequest(LeastRequest config, ParseScope scope) {
    return withSlowStart(
            LbPolicy.LEAST_REQUEST,
            choices(config.hasChoiceCount(), config.getChoiceCount(), scope),
            config.hasSlowStartConfig()
                ? slowStart(config.getSlowStartConfig(), scope.field("slow_start_config"))
                : SlowStart.NONE)
        .with(localities(config.getLocalityLbConfig(), scope));
  }

  private static Policy random(Random config, ParseScope scope) {
    return Policy.of(LbPolicy.RANDOM).with(localities(config.getLocalityLbConfig(), scope));
  }

  @SuppressWarnings("deprecation") // Envoy reads the fields' older places as well
  private static Policy ringHash(RingHash config, ParseScope scope) {
    Hashing hashing =
        config.hasConsistentHashingLbConfig()
            ? consistent(config.getConsistentHashingLbConfig(), scope)
            : hashing(
                config.getUseHostnameForHashing(),
                config.hasHashBalanceFactor(),
                config.getHashBalanceFactor(),
                scope);
    Hashing.Function function =
        switch (config.getHashFunction()) {
          case DEFAULT_HASH, XX_HASH -> Hashing.Function.XX_HASH;
          case MURMUR_HASH_2 -> Hashing.Function.MURMUR_HASH_2;
          case UNRECOGNIZED -> {
            scope.field("hash_function").error("unknown", "XX_HASH or MURMUR_HASH_2");
            yield Hashing.Function.XX_HASH;
          }
        };
    RingSizes sizes =
        new RingSizes(
            size(config.hasMinimumRingSize(), config.getMinimumRingSize(), 1024),
            size(config.hasMaximumRingSize(), config.getMaximumRingSize(), RING_SIZE_LIMIT));
    return hashed(LbPolicy.RING_HASH, ring(hashing, function, sizes, scope))
        .weightingLocalities(config.hasLocalityWeightedLbConfig());
  }

  private static Policy maglev(Maglev config, ParseScope scope) {
    Hashing hashing = consistent(config.getConsistentHashingLbConfig(), scope);
    return hashed(
            LbPolicy.MAGLEV, table(hashing, config.hasTableSize(), config.getTableSize(), scope))
        .weightingLocalities(config.hasLocalityWeightedLbConfig());
  }

  private static Hashing consistent(ConsistentHashingLbConfig config, ParseScope scope) {
    ParseScope at = scope.field("consistent_hashing_lb_config");
    TYPED_CONSISTENT.check(config, at);
    return hashing(
        config.getUseHostnameForHashing(),
        config.hasHashBalanceFactor(),
        config.getHashBalanceFactor(),
        at);
  }

  private static Localities localities(LocalityLbConfig config, ParseScope scope) {
    ParseScope at = scope.field("locality_lb_config");
    TYPED_LOCALITY.check(config, at);
    TYPED_ZONE_AWARE.check(config.getZoneAwareLbConfig(), at.field("zone_aware_lb_config"));
    return new Localities(
        config.hasLocalityWeightedLbConfig(),
        config.getZoneAwareLbConfig().getFailTrafficOnPanic());
  }

  // ---- parts that both have

  private static Policy withSlowStart(LbPolicy kind, int choices, SlowStart slowStart) {
    return new Policy(kind, choices, Hashing.DEFAULT, slowStart, Localities.NONE, Guidance.NONE);
  }

  private static Policy hashed(LbPolicy kind, Hashing hashing) {
    return new Policy(
        kind, Balancing.DEFAULT.choices(), hashing, SlowStart.NONE, Localities.NONE, Guidance.NONE);
  }

  private static int choices(boolean present, UInt32Value value, ParseScope scope) {
    if (!present) {
      return Balancing.DEFAULT.choices();
    }
    if (value.getValue() >= 0 && value.getValue() < 2) {
      scope.field("choice_count").error("" + value.getValue(), "2 or more");
    }
    return Math.clamp(Integer.toUnsignedLong(value.getValue()), 2, CHOICES_MAX);
  }

  private static SlowStart slowStart(Cluster.SlowStartConfig proto, ParseScope scope) {
    SLOW_START.check(proto, scope);
    return slowStart(
        scope.field("slow_start_window").durationNanos(proto.getSlowStartWindow()),
        proto.hasAggression() ? proto.getAggression().getDefaultValue() : 1,
        proto.hasMinWeightPercent() ? proto.getMinWeightPercent().getValue() : 10,
        scope);
  }

  private static SlowStart slowStart(
      io.envoyproxy.envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig proto,
      ParseScope scope) {
    TYPED_SLOW_START.check(proto, scope);
    return slowStart(
        scope.field("slow_start_window").durationNanos(proto.getSlowStartWindow()),
        proto.hasAggression() ? proto.getAggression().getDefaultValue() : 1,
        proto.hasMinWeightPercent() ? proto.getMinWeightPercent().getValue() : 10,
        scope);
  }

  private static SlowStart slowStart(
      long windowNanos, double aggression, double percent, ParseScope scope) {
    if (!(aggression > 0)) {
      scope.field("aggression").error("" + aggression, "more than 0");
      return SlowStart.NONE;
    }
    if (!(percent >= 0 && percent <= 100)) {
      scope.field("min_weight_percent").error("" + percent, "0 to 100");
      return SlowStart.NONE;
    }
    return new SlowStart(windowNanos, aggression, percent / 100);
  }

  /** Fewest and most places on a ring, as unsigned numbers. */
  private record RingSizes(long min, long max) {}

  private static long size(boolean present, UInt64Value value, long missing) {
    // past every limit anyway, and so without a sign to look at
    return present ? (value.getValue() < 0 ? Long.MAX_VALUE : value.getValue()) : missing;
  }

  private static Hashing ring(
      Hashing hashing, Hashing.Function function, RingSizes sizes, ParseScope scope) {
    if (sizes.min() > RING_SIZE_LIMIT) {
      scope.field("minimum_ring_size").error("" + sizes.min(), "at most " + RING_SIZE_LIMIT);
    }
    if (sizes.max() > RING_SIZE_LIMIT) {
      scope.field("maximum_ring_size").error("" + sizes.max(), "at most " + RING_SIZE_LIMIT);
    } else if (sizes.min() > sizes.max()) {
      scope
          .field("maximum_ring_size")
          .error("" + sizes.max(), "at least minimum_ring_size, " + sizes.min());
    }
    return new Hashing(
        function,
        sizes.min(),
        sizes.max(),
        hashing.tableSize(),
        hashing.useHostname(),
        hashing.balancePercent());
  }

  private static Hashing table(
      Hashing hashing, boolean present, UInt64Value value, ParseScope scope) {
    long size = size(present, value, hashing.tableSize());
    if (size > TABLE_SIZE_LIMIT || !BigInteger.valueOf(size).isProbablePrime(40)) {
      scope.field("table_size").error("" + size, "a prime number of at most " + TABLE_SIZE_LIMIT);
      size = hashing.tableSize();
    }
    return new Hashing(
        hashing.function(),
        hashing.ringSizeMin(),
        hashing.ringSizeMax(),
        (int) size,
        hashing.useHostname(),
        hashing.balancePercent());
  }

  private static Hashing hashing(
      boolean useHostname, boolean bounded, UInt32Value percent, ParseScope scope) {
    int balance = bounded ? percent.getValue() : 0;
    if (bounded && balance >= 0 && balance < 100) {
      scope.field("hash_balance_factor").error("" + balance, "100 or more");
    }
    Hashing defaults = Hashing.DEFAULT;
    return new Hashing(
        defaults.function(),
        defaults.ringSizeMin(),
        defaults.ringSizeMax(),
        defaults.tableSize(),
        useHostname,
        balance < 0 ? Integer.MAX_VALUE : balance);
  }
}
