package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Continuable;
import java.io.Serializable;

/** The script itself, or the body of a block step, as Jenkins runs them: side by side, one at a time. */
final class CpsThread implements Serializable {
  private static final long serialVersionUID = 1;

  final int id;
  /** The step whose body this is; null for the script. */
  final Execution parent;
  /** Which of its bodies, for `parallel`. */
  final String branch;
  final Context context;
  Continuable continuable;
  /** The step that it waits for. */
  Execution pending;

  CpsThread(int id, Execution parent, String branch, Context context) {
    this.id = id;
    this.parent = parent;
    this.branch = branch;
    this.context = context;
  }

  /** Whether it runs inside this step's body, at any depth. */
  boolean isInside(Execution execution) {
    for (Execution above = parent; above != null; above = above.thread.parent) {
      if (above == execution) return true;
    }
    return false;
  }
}
