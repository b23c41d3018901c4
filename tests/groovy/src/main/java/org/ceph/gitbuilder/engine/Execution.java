package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import java.io.Serializable;

/** A step that a thread waits for. Serializable: it is in the program while it runs. */
abstract class Execution implements Serializable {
  private static final long serialVersionUID = 1;

  int id;
  CpsThread thread;
  StepCall call;

  /** Begins its work; it ends by Build.finish, at once or later. */
  abstract void start(Build build) throws Exception;

  /** Asked to end early; only the innermost steps are asked. */
  void stop(Build build, Throwable cause) {
    build.finish(this, new Outcome(null, cause));
  }

  /** One of its bodies has ended. */
  void bodyEnded(Build build, String branch, Outcome outcome) {
    build.finish(this, outcome);
  }
}
