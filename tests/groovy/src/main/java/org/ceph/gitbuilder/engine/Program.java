package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.TreeMap;

/** All that a build must remember between two steps; goes through bytes at every suspension. */
final class Program implements Serializable {
  private static final long serialVersionUID = 1;

  final TreeMap<Integer, CpsThread> threads = new TreeMap<>();
  /** Threads that can go on, and with what. */
  final ArrayDeque<Ready> ready = new ArrayDeque<>();

  private int lastId;

  int nextId() {
    return ++lastId;
  }

  /** The thread that waits for this execution; null when it waits no longer. */
  CpsThread waitingFor(int execution) {
    for (CpsThread thread : threads.values()) {
      if (thread.pending != null && thread.pending.id == execution) return thread;
    }
    return null;
  }

  /** Whether an execution has bodies that are still running. */
  boolean hasBodies(Execution execution) {
    return threads.values().stream().anyMatch(each -> each.parent == execution);
  }

  record Ready(int thread, Outcome outcome) implements Serializable {}
}
