package io.meltemi.bench.swarm;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one simulated sidecar asked for and has, on one stream. As Envoy does it asks for clusters,
 * then for their endpoints, then for listeners, then for their routes. Belongs to an event loop.
 */
final class Sidecar implements Response.Reader {
  private static final int NONE = -1;

  private final Map<Kind, Names> names;
  private final Requests requests;
  private final Tally tally;
  private final Supplier<@Nullable Round> rounds;
  private final Map<Kind, Asked> asked = new EnumMap<>(Kind.class);

  /** The name of its endpoints by cluster. */
  private int[] endpointsOf = {};

  /** The names of its routes by listener. */
  private final List<BitSet> routesOf = new ArrayList<>();

  private boolean remap;
  private boolean ready;
  private @Nullable Response reading;
  private @Nullable Round round;
  private int had;

  /** Where requests go. */
  interface Requests {
    /**
     * Subscribes to names and from others; to everything when there are none and it is the first.
     */
    void subscribe(Kind kind, List<String> names, List<String> gone);

    void acknowledge(Kind kind, String nonce);

    /** Everything that was asked for has come; called once. */
    void ready();
  }

  /** One type. */
  private static final class Asked {
    private boolean begun;
    private int responses;
    private BitSet wanted = new BitSet();

    /** Wanted and neither come nor said not to be there. */
    private final BitSet open = new BitSet();

    /** Hashes of what came, by the number of the name; 0 for nothing. */
    private long[] held = {};

    private int count;

    private long held(int name) {
      return name < held.length ? held[name] : 0;
    }

    private void hold(int name, long hash) {
      if (name >= held.length) {
        held = java.util.Arrays.copyOf(held, Math.max(name + 1, held.length * 3 / 2));
      }
      count += (hash == 0 ? 0 : 1) - (held[name] == 0 ? 0 : 1);
      held[name] = hash;
    }
  }

  /**
   * A sidecar that has nothing.
   *
   * @param rounds the change that is under way, if any
   */
  Sidecar(
      Map<Kind, Names> names, Requests requests, Tally tally, Supplier<@Nullable Round> rounds) {
    this.names = names;
    this.requests = requests;
    this.tally = tally;
    this.rounds = rounds;
    for (Kind kind : Kind.values()) {
      asked.put(kind, new Asked());
    }
  }

  private Asked asked(Kind kind) {
    return java.util.Objects.requireNonNull(asked.get(kind));
  }

  private Names names(Kind kind) {
    return java.util.Objects.requireNonNull(names.get(kind));
  }

  /** The stream is open. */
  void begin() {
    beginAll(Kind.CLUSTER);
  }

  private void beginAll(Kind kind) {
    asked(kind).begun = true;
    requests.subscribe(kind, List.of(), List.of());
  }

  /** How many resources of a type it has. */
  int count(Kind kind) {
    return asked(kind).count;
  }

  /** It does not wait for endpoints any longer. */
  void giveUpEndpoints() {
    asked(Kind.ENDPOINT).open.clear();
    askForListeners();
  }

  void receive(Response response) {
    Kind kind = response.kind();
    Asked of = asked(kind);
    of.responses++;
    tally.responses.increment();
    tally.bytes.add(response.length());
    requests.acknowledge(kind, response.nonce());
    Round now = rounds.get();
    if (now != round) {
      round = now;
      had = 0;
    }
    remap = false;
    reading = response;
    response.read(this);
    reading = null;
    tally.lastNanos.set(System.nanoTime());
    follow(kind);
  }

  @Override
  public void upsert(Kind kind, Resource resource) {
    tally.resources.increment();
    Asked of = asked(kind);
    int name = names(kind).number(resource.bytes, resource.nameFrom, resource.nameTo);
    long hash = Slices.hash(resource.bytes, resource.bodyFrom, resource.bodyTo);
    of.open.clear(name);
    if (of.held(name) == hash) {
      tally.heldBytes.add(resource.bodyTo - resource.bodyFrom);
      return;
    }
    of.hold(name, hash);
    if (round != null) {
      had = round.had(had, kind, resource);
    }
    Response response = java.util.Objects.requireNonNull(reading);
    if (kind == Kind.CLUSTER) {
      int before = endpoints(name);
      setEndpoints(name, NONE);
      response.endpointsOf(
          resource,
          (bytes, from, to) -> setEndpoints(name, names(Kind.ENDPOINT).number(bytes, from, to)));
      remap |= endpoints(name) != before;
    } else if (kind == Kind.LISTENER) {
      BitSet routes = routes(name);
      routes.clear();
      response.routesOf(
          resource, (bytes, from, to) -> routes.set(names(Kind.ROUTE).number(bytes, from, to)));
      remap = true;
    }
  }

  @Override
  public void remove(Kind kind, byte[] bytes, int from, int to) {
    int name = names(kind).number(bytes, from, to);
    Asked of = asked(kind);
    of.open.clear(name);
    of.hold(name, 0);
    if (kind == Kind.CLUSTER) {
      setEndpoints(name, NONE);
      remap = true;
    } else if (kind == Kind.LISTENER) {
      routes(name).clear();
      remap = true;
    }
  }

  private int endpoints(int cluster) {
    return cluster < endpointsOf.length ? endpointsOf[cluster] : NONE;
  }

  private void setEndpoints(int cluster, int endpoints) {
    if (cluster >= endpointsOf.length) {
      int size = endpointsOf.length;
      endpointsOf = java.util.Arrays.copyOf(endpointsOf, Math.max(cluster + 1, size * 3 / 2));
      java.util.Arrays.fill(endpointsOf, size, endpointsOf.length, NONE);
    }
    endpointsOf[cluster] = endpoints;
  }

  private BitSet routes(int listener) {
    while (routesOf.size() <= listener) {
      routesOf.add(new BitSet());
    }
    return routesOf.get(listener);
  }

  /** Asks for what a response made necessary. */
  private void follow(Kind kind) {
    switch (kind) {
      case CLUSTER -> {
        if (remap) {
          BitSet wanted = new BitSet();
          for (int endpoints : endpointsOf) {
            if (endpoints != NONE) {
              wanted.set(endpoints);
            }
          }
          want(Kind.ENDPOINT, wanted);
        }
        if (asked(Kind.ENDPOINT).wanted.isEmpty()) {
          askForListeners();
        }
      }
      case ENDPOINT -> {
        if (asked(Kind.ENDPOINT).open.isEmpty()) {
          askForListeners();
        }
      }
      case LISTENER -> {
        if (remap) {
          BitSet wanted = new BitSet();
          routesOf.forEach(wanted::or);
          want(Kind.ROUTE, wanted);
        }
      }
      case ROUTE -> {}
    }
    if (!ready
        && asked(Kind.LISTENER).responses > 0
        && asked(Kind.ENDPOINT).open.isEmpty()
        && asked(Kind.ROUTE).open.isEmpty()) {
      ready = true;
      requests.ready();
    }
  }

  private void askForListeners() {
    if (!asked(Kind.LISTENER).begun) {
      beginAll(Kind.LISTENER);
    }
  }

  private void want(Kind kind, BitSet wanted) {
    Asked of = asked(kind);
    BitSet more = (BitSet) wanted.clone();
    more.andNot(of.wanted);
    BitSet gone = (BitSet) of.wanted.clone();
    gone.andNot(wanted);
    of.wanted = wanted;
    of.open.or(more);
    of.open.andNot(gone);
    gone.stream().forEach(name -> of.hold(name, 0));
    if (!more.isEmpty() || !gone.isEmpty()) {
      of.begun = true;
      requests.subscribe(kind, texts(kind, more), texts(kind, gone));
    }
  }

  private List<String> texts(Kind kind, BitSet numbers) {
    return numbers.stream().mapToObj(names(kind)::text).toList();
  }
}
