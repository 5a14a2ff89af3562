package io.meltemi.xds.client;

import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** All that a client knows about one type: what it wants, what it has, what it waits for. */
final class WatchedType {
  static final String WILDCARD = "*";

  final TypeUrl type;
  final ResourceWatcher watcher;

  /** Explicit names wanted. */
  final Set<String> names = new LinkedHashSet<>();

  /** Versions of what was accepted, by name. Outlives streams. */
  final Map<String, String> accepted = new TreeMap<>();

  /** Names (or {@link #WILDCARD}) without an answer so far, with the timer they belong to. */
  final Map<String, Object> waiting = new HashMap<>();

  boolean wildcard;

  /** The server answered at least once, on whichever stream. */
  boolean answered;

  // of the current stream
  boolean requested;
  boolean changed;
  final Set<String> added = new LinkedHashSet<>();
  final Set<String> removed = new LinkedHashSet<>();
  String nonce = "";

  /** Version of the last accepted state-of-the-world response. Outlives streams. */
  String version = "";

  WatchedType(TypeUrl type, ResourceWatcher watcher) {
    this.type = type;
    this.watcher = watcher;
  }

  boolean isSubscribed() {
    return wildcard || !names.isEmpty();
  }

  /** Names not wanted before. */
  List<String> add(Collection<String> wanted) {
    List<String> fresh = new ArrayList<>();
    for (String name : wanted) {
      if (names.add(name)) {
        fresh.add(name);
        // Also when it was given up a moment ago and the server has not heard of it: what we had is
        // forgotten, so it has to be sent again.
        removed.remove(name);
        added.add(name);
        changed = true;
      }
    }
    return fresh;
  }

  void remove(Collection<String> unwanted) {
    for (String name : unwanted) {
      if (names.remove(name)) {
        if (!added.remove(name)) {
          removed.add(name);
        }
        accepted.remove(name);
        waiting.remove(name);
        changed = true;
      }
    }
  }

  boolean wants(String name) {
    return wildcard || names.contains(name);
  }

  void streamStarts() {
    requested = false;
    changed = isSubscribed();
    added.clear();
    removed.clear();
    nonce = "";
  }

  void requestSent() {
    requested = true;
    changed = false;
    added.clear();
    removed.clear();
  }
}
