// Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
// Lets one client step a Gazebo 11 world exactly, over a Unix socket.
//
// A request is one line of words; the answer is one line, `ok` and numbers or `error` and a text.
// Numbers are in SI units. Efforts and speeds hold until they are set again.
//
//   step N                        make N physics iterations              -> ok TIME
//   effort MODEL JOINT VALUE      apply a torque or force                -> ok
//   speed MODEL JOINT VALUE MAX   hold a joint's speed, at most MAX N m  -> ok
//   joints MODEL JOINT...         -> ok POSITION VELOCITY EFFORT for each joint
//   place MODEL JOINT POSITION VELOCITY    set the state of a joint      -> ok
//   pose MODEL                    -> ok X Y Z ROLL PITCH YAW VX VY VZ WX WY WZ (world frame)
//   stand MODEL X Y Z YAW         place a model, at rest                 -> ok
//   scan SENSOR                   measure now                            -> ok RANGE...
//   inertia MODEL LINK            -> ok MASS IXX IYY IZZ

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gazebo/common/Events.hh>
#include <gazebo/common/Plugin.hh>
#include <gazebo/physics/Inertial.hh>
#include <gazebo/physics/Joint.hh>
#include <gazebo/physics/Link.hh>
#include <gazebo/physics/Model.hh>
#include <gazebo/physics/PhysicsEngine.hh>
#include <gazebo/physics/World.hh>
#include <gazebo/sensors/RaySensor.hh>
#include <gazebo/sensors/SensorManager.hh>

namespace gazebo
{
class LockstepPlugin : public WorldPlugin
{
public:
  ~LockstepPlugin() override
  {
    this->stopping = true;
    shutdown(this->listener, SHUT_RDWR);
    close(this->listener);
    if (this->server.joinable()) {
      this->server.join();
    }
  }

  void Load(physics::WorldPtr _world, sdf::ElementPtr _sdf) override
  {
    this->world = _world;
    this->world->SetPaused(true);
    this->update = event::Events::ConnectWorldUpdateBegin(
      [this](const common::UpdateInfo &) { this->Apply(); });
    this->path = _sdf->Get<std::string>("socket");
  }

  // Called when the whole world is loaded.
  void Init() override
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    this->path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    this->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(this->path.c_str());
    if (bind(this->listener, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0 ||
      listen(this->listener, 1) != 0)
    {
      gzerr << "lockstep: cannot listen on [" << this->path << "]\n";
      return;
    }
    this->server = std::thread([this]() { this->Serve(); });
  }

private:
  // Serve one client after another.
  void Serve()
  {
    while (!this->stopping) {
      const int client = accept(this->listener, nullptr, nullptr);
      if (client < 0) {
        return;
      }
      std::string pending;
      char buffer[4096];
      ssize_t count;
      while ((count = read(client, buffer, sizeof(buffer))) > 0) {
        pending.append(buffer, count);
        size_t end;
        while ((end = pending.find('\n')) != std::string::npos) {
          const auto answer = this->Answer(pending.substr(0, end)) + "\n";
          pending.erase(0, end + 1);
          if (send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
            break;
          }
        }
      }
      close(client);
    }
  }

  std::string Answer(const std::string & _line)
  {
    std::istringstream words(_line);
    std::ostringstream out;
    out.precision(17);
    try {
      std::string verb;
      words >> verb;
      out << "ok";
      this->Do(verb, words, out);
    } catch (const std::exception & error) {
      return std::string("error ") + error.what();
    }
    return out.str();
  }

  void Do(const std::string & _verb, std::istream & _in, std::ostream & _out)
  {
    if (_verb == "step") {
      this->world->Step(static_cast<unsigned int>(Number(_in)));
      _out << ' ' << this->world->SimTime().Double();
    } else if (_verb == "effort") {
      const auto joint = this->Joint(_in);
      const double effort = Number(_in);
      std::lock_guard<std::mutex> lock(this->mutex);
      this->efforts[joint] = effort;
    } else if (_verb == "speed") {
      const auto joint = this->Joint(_in);
      const double speed = Number(_in);
      joint->SetParam("fmax", 0, Number(_in));
      joint->SetParam("vel", 0, speed);
    } else if (_verb == "joints") {
      const auto model = this->Model(_in);
      for (std::string name; _in >> name;) {
        const auto joint = Joint(model, name);
        _out << ' ' << joint->Position(0) << ' ' << joint->GetVelocity(0) << ' '
             << this->efforts[joint];
      }
    } else if (_verb == "place") {
      this->Place(this->Joint(_in), _in);
    } else if (_verb == "pose") {
      const auto model = this->Model(_in);
      const auto pose = model->WorldPose();
      _out << ' ' << pose.Pos() << ' ' << pose.Rot().Euler() << ' ' << model->WorldLinearVel()
           << ' ' << model->WorldAngularVel();
    } else if (_verb == "stand") {
      const auto model = this->Model(_in);
      const double x = Number(_in), y = Number(_in), z = Number(_in), yaw = Number(_in);
      model->ResetPhysicsStates();
      model->SetWorldPose(ignition::math::Pose3d(x, y, z, 0, 0, yaw));
    } else if (_verb == "scan") {
      this->Scan(Word(_in), _out);
    } else if (_verb == "inertia") {
      const auto model = this->Model(_in);
      const auto name = Word(_in);
      const auto inertial = Link(model, name)->GetInertial();
      _out << ' ' << inertial->Mass() << ' ' << inertial->IXX() << ' ' << inertial->IYY() << ' '
           << inertial->IZZ();
    } else {
      throw std::runtime_error("unknown request '" + _verb + "'");
    }
  }

  // Set position and velocity of a joint; the links that it carries move with it.
  void Place(const physics::JointPtr & _joint, std::istream & _in)
  {
    const double position = Number(_in), velocity = Number(_in);
    _joint->GetChild()->ResetPhysicsStates();
    _joint->SetPosition(0, position);
    const auto child = _joint->GetChild();
    const auto axis = _joint->GlobalAxis(0);
    const auto arm = child->WorldCoGPose().Pos() - _joint->WorldPose().Pos();
    child->SetAngularVel(axis * velocity);
    child->SetLinearVel((axis * velocity).Cross(arm));
  }

  void Scan(const std::string & _name, std::ostream & _out)
  {
    const auto sensor = std::dynamic_pointer_cast<sensors::RaySensor>(
      sensors::SensorManager::Instance()->GetSensor(_name));
    if (!sensor) {
      throw std::runtime_error("no ray sensor '" + _name + "'");
    }
    sensor->Update(true);
    std::vector<double> ranges;
    sensor->Ranges(ranges);
    for (const double range : ranges) {
      _out << ' ' << range;
    }
  }

  // Apply the efforts again, because Gazebo clears forces after each iteration.
  void Apply()
  {
    std::lock_guard<std::mutex> lock(this->mutex);
    for (const auto & entry : this->efforts) {
      entry.first->SetForce(0, entry.second);
    }
  }

  physics::ModelPtr Model(std::istream & _in) const
  {
    const auto name = Word(_in);
    const auto model = this->world->ModelByName(name);
    if (!model) {
      throw std::runtime_error("no model '" + name + "'");
    }
    return model;
  }

  // Read in two statements, because the evaluation order of arguments is unspecified.
  physics::JointPtr Joint(std::istream & _in) const
  {
    const auto model = this->Model(_in);
    return Joint(model, Word(_in));
  }

  static physics::JointPtr Joint(const physics::ModelPtr & _model, const std::string & _name)
  {
    const auto joint = _model->GetJoint(_name);
    if (!joint) {
      throw std::runtime_error("no joint '" + _name + "' in model '" + _model->GetName() + "'");
    }
    return joint;
  }

  static physics::LinkPtr Link(const physics::ModelPtr & _model, const std::string & _name)
  {
    const auto link = _model->GetLink(_name);
    if (!link) {
      throw std::runtime_error("no link '" + _name + "' in model '" + _model->GetName() + "'");
    }
    return link;
  }

  static std::string Word(std::istream & _in)
  {
    std::string word;
    if (!(_in >> word)) {
      throw std::runtime_error("a word is missing");
    }
    return word;
  }

  static double Number(std::istream & _in)
  {
    double number;
    if (!(_in >> number) || !std::isfinite(number)) {
      throw std::runtime_error("a finite number is missing");
    }
    return number;
  }

  physics::WorldPtr world;
  event::ConnectionPtr update;
  std::map<physics::JointPtr, double> efforts;
  std::mutex mutex;
  std::thread server;
  std::string path;
  int listener = -1;
  bool stopping = false;
};

GZ_REGISTER_WORLD_PLUGIN(LockstepPlugin)
}  // namespace gazebo
