package io.meltemi.bench.report;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a scenario gave: per peer the figures of each round, or why there are none. */
public final class Outcome {
  /** Names of the two that are held against each other. */
  public static final String OURS = "Meltemi";

  public static final String THEIRS = "Envoy";

  private final String scenario;
  private final String description;
  private final List<TargetRow> rows;
  private final Map<String, List<Map<Metric, Double>>> rounds = new LinkedHashMap<>();
  private final Map<String, String> reasons = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private Optional<String> failure = Optional.empty();
  private double loadAverage;
  private double othersCores;

  public Outcome(String scenario, String description, List<TargetRow> rows) {
    this.scenario = scenario;
    this.description = description;
    this.rows = List.copyOf(rows);
  }

  public String scenario() {
    return scenario;
  }

  String description() {
    return description;
  }

  public List<TargetRow> rows() {
    return rows;
  }

  /** Adds a round of a peer. */
  public void add(String peer, Map<Metric, Double> figures) {
    rounds.computeIfAbsent(peer, _ -> new ArrayList<>()).add(new EnumMap<>(figures));
  }

  /** Adds figures taken once to the last round of a peer. */
  public void addOnce(String peer, Map<Metric, Double> figures) {
    List<Map<Metric, Double>> all = rounds.get(peer);
    if (all == null || all.isEmpty()) {
      add(peer, figures);
    } else {
      all.getLast().putAll(figures);
    }
  }

  /** Says why a peer has no figures. */
  public void without(String peer, String reason) {
    reasons.put(peer, reason);
  }

  /** Adds a remark that is printed below the table. */
  public void note(String text) {
    notes.add(text);
  }

  /** Says that the scenario could not be taken to its end. */
  public void failed(String reason) {
    failure = Optional.of(reason);
  }

  /** The load average when it began. */
  public void loadAverage(double value) {
    loadAverage = value;
  }

  /** Cores that processes outside this run kept busy meanwhile, on average. */
  public void othersCores(double value) {
    othersCores = Math.max(0, value);
  }

  double othersCores() {
    return othersCores;
  }

  double loadAverage() {
    return loadAverage;
  }

  List<String> notes() {
    return notes;
  }

  Map<String, String> reasons() {
    return reasons;
  }

  Map<String, List<Map<Metric, Double>>> rounds() {
    return rounds;
  }

  /** The values of a figure, round by round; empty when it was not taken. */
  public List<Double> values(String peer, Metric metric) {
    return rounds.getOrDefault(peer, List.of()).stream()
        .map(round -> round.get(metric))
        .filter(Objects::nonNull)
        .toList();
  }

  /** Median and range of a figure; empty when it was not taken. */
  public Optional<Spread> spread(String peer, Metric metric) {
    List<Double> values = values(peer, metric);
    return values.isEmpty() ? Optional.empty() : Optional.of(Spread.of(values));
  }

  /** Ours over Envoy's, pair by pair; empty when one of them was not taken. */
  public Optional<Spread> ratio(Metric metric) {
    List<Double> ours = values(OURS, metric);
    List<Double> theirs = values(THEIRS, metric);
    return ours.isEmpty() || theirs.isEmpty()
        ? Optional.empty()
        : Optional.of(Spread.ofRatios(ours, theirs));
  }

  public Verdict verdict(TargetRow row) {
    if (failure.isPresent()) {
      return Verdict.NOT_MEASURED;
    }
    Optional<Spread> value = row.goal().ratio() ? ratio(row.metric()) : spread(OURS, row.metric());
    Verdict verdict =
        value
            .map(spread -> row.goal().verdict(row.metric(), spread.median()))
            .orElse(Verdict.NOT_MEASURED);
    return verdict == Verdict.TARGET && reachesPeer(row) ? Verdict.MOONSHOT : verdict;
  }

  private boolean reachesPeer(TargetRow row) {
    Optional<Spread> ours = spread(OURS, row.metric());
    Optional<Spread> peer = row.goal().moonshotPeer().flatMap(name -> spread(name, row.metric()));
    return ours.isPresent()
        && peer.isPresent()
        && row.metric().reaches(ours.get().median(), peer.get().median());
  }

  /** Why a row has no verdict; empty when nothing is known to be wrong. */
  Optional<String> trouble() {
    return failure.isPresent() ? failure : Optional.ofNullable(reasons.get(OURS));
  }
}
